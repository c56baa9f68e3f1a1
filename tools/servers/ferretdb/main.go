// Command ferretdb is FerretDB with its SQLite backend, which stands in for MongoDB in the tests.
//
// usage: ferretdb ADDRESS DIRECTORY
//
// FerretDB's own command does not start when it is built from its module: it wants files there that only its own build
// makes. What it can be embedded with does, and it sends no telemetry.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: ferretdb ADDRESS DIRECTORY")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, directory string) error {
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: address},
		Handler:   "sqlite",
		SQLiteURL: "file:" + directory + "/",
	})
	if err != nil {
		return err
	}
	return server.Run(context.Background())
}
