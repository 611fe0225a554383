package embedded_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/cputime"
)

// contender is an ensemble of three servers in a benchmark.
type contender struct {
	addrs []string
	dial  func(addr string) (net.Conn, error)
	// rss returns the memory of the servers' processes in bytes; nil if they share a process with the
	// clients.
	rss func() (int, error)
	// cpu returns the processor time that the servers' processes have used; nil as above.
	cpu   func() (time.Duration, error)
	close func()
}

// kind is a way to run three servers.
type kind struct {
	name string
	// prepare does what does not count as starting, and returns launch, which does the rest. launch
	// returns when the servers' processes run, before they serve.
	prepare func(testing.TB) (launch func() (*contender, error))
	// apart starts the servers in separate processes.
	apart func(testing.TB) (*contender, error)
}

// kinds lists the ways to run servers. A machine under load may stall servers for seconds: the limits
// are such that no leader loses its role because of that. With the build tag "real", Apache's servers
// are included.
var kinds = []kind{
	{"memory", embeddedHere(embedded.Config{InMemory: true, SyncLimit: 20}), nil},
	{"tcp", embeddedHere(embedded.Config{SyncLimit: 20}), embeddedApart},
}

func embeddedHere(cfg embedded.Config) func(testing.TB) func() (*contender, error) {
	return func(testing.TB) func() (*contender, error) {
		return func() (*contender, error) {
			e, err := embedded.Start(cfg)
			if err != nil {
				return nil, err
			}
			return contending(e), nil
		}
	}
}

func contending(e *embedded.Ensemble) *contender {
	return &contender{
		addrs: e.Addrs(),
		dial:  func(addr string) (net.Conn, error) { return e.Dial("tcp", addr, 10*time.Second) },
		close: func() { e.Close() },
	}
}

func dialTCP(addr string) (net.Conn, error) { return net.DialTimeout("tcp", addr, 10*time.Second) }

// embeddedApart starts an embedded ensemble in a separate process.
func embeddedApart(t testing.TB) (*contender, error) {
	program := filepath.Join(t.TempDir(), "benchserver")
	if out, err := exec.Command("go", "build", "-o", program, "./internal/benchserver").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, out)
	}
	cmd := exec.Command(program)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	end := func() {
		in.Close()
		cmd.Wait()
	}
	var addrs string
	if _, err := fmt.Fscanln(out, &addrs); err != nil {
		end()
		return nil, err
	}
	return &contender{
		addrs: strings.Split(addrs, ","), dial: dialTCP, close: end,
		rss: func() (int, error) { return residentBytes(cmd.Process.Pid) },
	}, nil
}

func residentBytes(pid int) (int, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kb, err := strconv.Atoi(strings.Fields(after)[0])
	return kb << 10, err
}

// busy returns the processor time that servers and clients have used.
func (c *contender) busy() (time.Duration, error) {
	used := cputime.Used()
	if c.cpu == nil {
		return used, nil
	}
	servers, err := c.cpu()
	return used + servers, err
}

// serving waits until every server answers a connect request.
func (c *contender) serving(ctx context.Context) error {
	for _, addr := range c.addrs {
		conn, err := c.connect(ctx, addr)
		if err != nil {
			return err
		}
		conn.Close()
	}
	return nil
}
