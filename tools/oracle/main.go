// Command oracle renders one Helm chart for many cases with Helm's own engine: values in, manifests out.
//
// It links the rendering code of Helm 3 and of Helm 4 (their import paths differ, so both fit in one binary), loads
// the chart once, reads one case a line (JSON) from standard input and writes one answer a line (JSON), in the order
// of the cases, to standard output. Each case goes through what `helm template` and `helm install --dry-run=client`
// do with it. See README.md for the protocol.
//
// Exit codes: 0 all cases answered (an error of a case is an answer), 1 the chart cannot be loaded or the input cannot
// be read, 2 wrong arguments.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
)

// kubeVersion is what `.Capabilities.KubeVersion` says: the minor version that this module's Kubernetes has.
const kubeVersion = "v1.36.0"

// engine is a chart loaded by one version of Helm. Its render may be called from several goroutines.
type engine interface {
	render(c *testCase) (*rendered, error)
}

func main() {
	helm := flag.Int("helm", 4, "version of Helm: 3 or 4")
	dir := flag.String("chart", "", "directory (or archive) of the chart")
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "cases rendered at the same time")
	helmSchema := flag.Bool("helm-schema", false, "validate values with Helm's own function, which is slow")
	verbose := flag.Bool("verbose", false, "let Helm's warnings through to standard error")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: oracle --helm 3|4 --chart DIR < cases.jsonl > answers.jsonl\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *dir == "" || flag.NArg() != 0 || *workers < 1 || (*helm != 3 && *helm != 4) {
		flag.Usage()
		os.Exit(2)
	}
	if !*verbose {
		// Helm warns through both packages, once a case; thousands of cases would drown the one line that matters.
		log.SetOutput(io.Discard)
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	// Rendering makes garbage by the hundred megabytes and keeps little: collecting it less often saves a fifth of the
	// time of a case, for some hundred megabytes of memory.
	debug.SetGCPercent(400)
	if err := run(*helm, *dir, *workers, *helmSchema); err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(helm int, dir string, workers int, helmSchema bool) error {
	load := loadHelm4
	if helm == 3 {
		load = loadHelm3
	}
	cached := &schemas{}
	if helmSchema {
		cached = nil
	}
	chart, err := load(dir, cached)
	if err != nil {
		return fmt.Errorf("chart %s: %w", dir, err)
	}
	return serve(chart, workers, os.Stdin, os.Stdout)
}
