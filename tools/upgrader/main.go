// Command upgrader leads releases through their life with the code of Helm 3 and of Helm 4, in one process.
//
// A command line of Helm starts, discovers the cluster, reads the chart and compiles its schemas each time: most of
// what it takes. This program links Helm's own actions and does all of that once, so that hundreds of upgrades fit into
// a test. It reads a request a line (JSON) from standard input and writes an answer a line (JSON), in the order of the
// requests. See README.md for the protocol.
//
// Exit codes: 0 all requests answered (an error of Helm is an answer), 1 the cluster cannot be reached or the input
// cannot be read, 2 wrong arguments.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file that says where the cluster is")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: upgrader --kubeconfig FILE < requests.jsonl > answers.jsonl\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if *kubeconfig == "" || flag.NArg() != 0 {
		flag.Usage()
		os.Exit(2)
	}
	// Warnings of the API server come with each request that meets a deprecated version; nobody reads them here.
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if err := run(*kubeconfig); err != nil {
		fmt.Fprintln(os.Stderr, "upgrader:", err)
		os.Exit(1)
	}
}

func run(kubeconfig string) error {
	cluster, err := reach(kubeconfig)
	if err != nil {
		return err
	}
	clients := map[int]client{3: newHelm3(cluster), 4: newHelm4(cluster)}
	return serve(clients, os.Stdin, os.Stdout)
}
