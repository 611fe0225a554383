package zkserver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	hostEnv = "ZKLAB_ZKSERVER_HOST" // names the host's address
	heldEnv = "ZKLAB_ZKSERVER_HELD" // set in a process that hold started
)

// Main does what "zkServer.sh start-foreground zoo.cfg" does: it runs a server and returns when the
// server has ended, with an error if it did not start.
//
// Suites kill it and consider the server dead once they have waited for it, but a killed process cannot
// end its server first. A process is waited for until its standard error is closed everywhere: so a
// child does the work, which inherits standard error, and ends when the server is dead.
func Main(args []string) error {
	if os.Getenv(heldEnv) == "" {
		return hold(args)
	}
	return Run(args, os.Stdin)
}

// hold runs this program again, until that ends or this process does.
func hold(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), heldEnv+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	alive, err := cmd.StdinPipe() // ends with this process
	if err != nil {
		return err
	}
	defer alive.Close()
	return cmd.Run()
}

// Run runs a server until that ends, or nothing more is to come from alive: then
// the server is killed first.
func Run(args []string, alive io.Reader) error {
	if len(args) != 2 || args[0] != "start-foreground" {
		return errors.New("usage: zkServer.sh start-foreground ZOO_CFG")
	}
	addr := os.Getenv(hostEnv)
	if addr == "" {
		return fmt.Errorf("%s must name the process that hosts the servers", hostEnv)
	}
	path, err := filepath.Abs(args[1])
	if err != nil {
		return err
	}
	r := request{Config: path}
	if r.SuperDigest, err = javaFlags(os.Getenv("SERVER_JVMFLAGS")); err != nil {
		return err
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(io.Discard, alive)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	return ask(conn, r)
}

// anyway are settings that the servers have without being told. The older form of the ids of znodes with a TTL
// shows in nothing but the owner that their stat names.
var anyway = []string{"extendedTypesEnabled=true", "emulate353TTLNodes=true"}

// javaFlags reads the flags of a server's Java: the super user's digest, and what the servers do
// anyway. Any other flag that sets something of ZooKeeper's is an error.
func javaFlags(text string) (superDigest string, err error) {
	for _, flag := range strings.Fields(text) {
		setting, ok := strings.CutPrefix(flag, "-Dzookeeper.")
		if !ok || slices.Contains(anyway, setting) {
			continue
		}
		digest, ok := strings.CutPrefix(setting, "DigestAuthenticationProvider.superDigest=")
		if !ok {
			return "", fmt.Errorf("%.80s: an embedded server does not have this setting; %s", flag, differences)
		}
		superDigest = digest
	}
	return superDigest, nil
}

// ask asks the host for a server, and returns when the server ends.
func ask(conn net.Conn, r request) error {
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	answer, err := in.ReadString('\n')
	if err != nil {
		return fmt.Errorf("the host ended: %w", err)
	}
	if answer = strings.TrimSuffix(answer, "\n"); answer != started {
		return errors.New(answer)
	}
	_, _ = io.Copy(io.Discard, in)
	return nil
}
