package zkserver

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// hostEnv names the host's address.
const hostEnv = "ZKLAB_ZKSERVER_HOST"

// superDigest is the flag of the Java server that sets the super user's password.
var superDigest = regexp.MustCompile(`-Dzookeeper\.DigestAuthenticationProvider\.superDigest=(\S+)`)

// Run does what "zkServer.sh start-foreground zoo.cfg" does: it runs a server
// and returns when that has ended, with an error if it did not start.
func Run(args []string) error {
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
	if m := superDigest.FindStringSubmatch(os.Getenv("SERVER_JVMFLAGS")); m != nil {
		r.SuperDigest = m[1]
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	return ask(conn, r)
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
