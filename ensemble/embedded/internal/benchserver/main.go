// Command benchserver runs only an embedded ensemble, for benchmarks that measure the memory of its
// process; no other code uses it. It prints the servers' addresses, and ends with its standard input.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/zklab/zklab/ensemble/embedded"
)

func main() {
	e, err := embedded.Start(embedded.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	fmt.Println(strings.Join(e.Addrs(), ","))
	io.Copy(io.Discard, os.Stdin)
}
