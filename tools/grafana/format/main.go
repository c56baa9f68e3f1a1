// Reads dashboards and says what is wrong with them, by the types that Grafana publishes of its own format.
//
// Each line of standard input is a dashboard, each line of standard output what is wrong with it, or empty. Fields that
// Grafana does not know are wrong too, those of panels and of their queries among them.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const maxLine = 16 << 20

func fault(line []byte) error {
	var read dashboard.Dashboard
	if err := wrong(read.UnmarshalJSONStrict(line)); err != nil {
		return err
	}
	return read.Validate()
}

// The types ask for every field that has a default, such as the icon of a panel's link, which Grafana itself puts in
// where it is missing.
func wrong(err error) error {
	var all, left cog.BuildErrors
	if !errors.As(err, &all) {
		return err
	}
	for _, one := range all {
		if one.Message != "required field is missing from input" {
			left = append(left, one)
		}
	}
	if len(left) == 0 {
		return nil
	}
	return left
}

func main() {
	plugins.RegisterDefaultPlugins()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		answer := ""
		if err := fault(lines.Bytes()); err != nil {
			answer = strings.Join(strings.Fields(err.Error()), " ")
		}
		fmt.Println(answer)
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
