// Command carillon is the whole product: the server, the demo, the import, the simulator and the tools of
// the person who runs it.
package main

import (
	"os"

	"carillon.dev/carillon/internal/app/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
