//go:build real

package embedded_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

func init() {
	kinds = append(kinds,
		kind{"java", javaHere(javaDefault), javaApart(javaDefault)},
		kind{"java-quick", javaHere(javaQuick), javaApart(javaQuick)})
}

// These are flags of Java. By default, servers use all compilers and may use a gigabyte each; the quick
// flags are those of zklab's own containers.
var (
	javaDefault = "-Dzookeeper.forceSync=no"
	javaQuick   = javaDefault + " -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
)

// java is three servers of Apache ZooKeeper in one container: on the host's network, so that nothing is
// between them and their clients, and with their files in memory. The container exists before the
// servers start and ends by itself if nobody removes it.
type java struct {
	container string
	ports     []int // those of server 1 for clients, followers and elections; then those of server 2
}

func newJava(t testing.TB) *java {
	t.Helper()
	dockertest.Require(t)
	image := os.Getenv("ZKLAB_IMAGE")
	if image == "" {
		image = "zklab/zookeeper:3.9"
	}
	out, err := exec.Command("docker", "run", "--detach", "--rm", "--network=host", "--label=zklab.bench",
		"--tmpfs=/data", "--tmpfs=/datalog", "--tmpfs=/logs", image, "sleep", "3600").Output()
	if err != nil {
		t.Fatalf("docker run: %v", withStderr(err))
	}
	j := &java{container: strings.TrimSpace(string(out))}
	j.ports, err = freePorts(9)
	if err != nil {
		j.remove()
		t.Fatal(err)
	}
	return j
}

func withStderr(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return err
}

func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // closed when all ports are drawn
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func javaHere(flags string) func(testing.TB) func() (*contender, error) {
	return func(t testing.TB) func() (*contender, error) {
		j := newJava(t)
		return func() (*contender, error) { return j.launch(flags) }
	}
}

func javaApart(flags string) func(testing.TB) (*contender, error) {
	return func(t testing.TB) (*contender, error) { return newJava(t).launch(flags) }
}

func (j *java) remove() { exec.Command("docker", "rm", "--force", "--volumes", j.container).Run() }

func (j *java) launch(flags string) (*contender, error) {
	var servers, addrs []string
	for id := range 3 {
		p := j.ports[3*id:]
		servers = append(servers, fmt.Sprintf("server.%d=127.0.0.1:%d:%d;127.0.0.1:%d", id+1, p[1], p[2], p[0]))
		addrs = append(addrs, "127.0.0.1:"+strconv.Itoa(p[0]))
	}
	for id := 1; id <= 3; id++ {
		args := []string{"exec", "--detach"}
		for key, value := range map[string]string{
			"ZOO_MY_ID": strconv.Itoa(id), "ZOO_SERVERS": strings.Join(servers, " "),
			"ZOO_CONF_DIR":     fmt.Sprintf("/conf/%d", id),
			"ZOO_DATA_DIR":     fmt.Sprintf("/data/%d", id),
			"ZOO_DATA_LOG_DIR": fmt.Sprintf("/datalog/%d", id),
			"ZOO_TICK_TIME":    "500", "ZOO_INIT_LIMIT": "20", "ZOO_SYNC_LIMIT": "20",
			"ZOO_MAX_CLIENT_CNXNS": "0", "ZOO_STANDALONE_ENABLED": "false", "ZOO_ADMINSERVER_ENABLED": "false",
			"ZOO_4LW_COMMANDS_WHITELIST": "srvr,mntr,ruok", "ZOO_CFG_EXTRA": "maxSessionTimeout=60000",
			"JVMFLAGS": flags,
		} {
			args = append(args, "--env", key+"="+value)
		}
		if out, err := exec.Command("docker", append(args, j.container, "/entrypoint")...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("docker exec: %w: %s", err, out)
		}
	}
	return &contender{addrs: addrs, dial: dialTCP, rss: j.rss, cpu: j.cpu, close: j.remove}, nil
}

// rss returns the memory of all Java processes in the container.
func (j *java) rss() (int, error) {
	const pages, pageSize = 23, 4 << 10
	n, err := j.sum(pages)
	return n * pageSize, err
}

// cpu returns the processor time that all Java processes in the container have used.
func (j *java) cpu() (time.Duration, error) {
	const user, system, tick = 13, 14, 10 * time.Millisecond
	n, err := j.sum(user, system)
	return time.Duration(n) * tick, err
}

// sum adds up fields of /proc/pid/stat, counted from 0, over the Java processes.
func (j *java) sum(fields ...int) (int, error) {
	out, err := exec.Command("docker", "exec", j.container, "sh", "-c", "cat /proc/[0-9]*/stat").Output()
	if err != nil {
		return 0, withStderr(err)
	}
	sum := 0
	for line := range strings.Lines(string(out)) {
		values := strings.Fields(line)
		if values[1] != "(java)" {
			continue
		}
		for _, i := range fields {
			n, err := strconv.Atoi(values[i])
			if err != nil {
				return 0, err
			}
			sum += n
		}
	}
	return sum, nil
}
