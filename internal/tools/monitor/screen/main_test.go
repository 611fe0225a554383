package screen

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/zklab/zklab/ensemble/status"
	"github.com/zklab/zklab/internal/testkit/testmain"
	"github.com/zklab/zklab/internal/tools/monitor"
	"github.com/zklab/zklab/internal/zk/client"
)

var update = flag.Bool("update", false, "write the golden screens, and the picture of the README")

// serversVariable is the variable that makes this program show an ensemble instead of running tests.
const serversVariable = "SCREEN_TEST_SERVERS"

func TestMain(m *testing.M) {
	if servers := os.Getenv(serversVariable); servers != "" {
		if err := show(strings.Split(servers, ",")); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	// Random draws are the same each time, unless the command line says otherwise.
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "25"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	testmain.Main(m)
}

func show(servers []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	f, err := monitor.Follow(ctx, monitor.Config{Client: client.Config{Servers: servers}, Queries: []status.Query{{}}})
	if err != nil {
		return err
	}
	defer f.Close()
	return Run(ctx, f, "/", os.Stdin, os.Stdout)
}
