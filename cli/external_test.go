package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/zk/zkconn"
)

// somebody starts an ensemble that zklab did not start, for the rest of the script: the variable
// SERVERS is its connect string, ADDR1 to ADDR3 are its servers, and "zklab-control pause 2", or
// resume, kill, stop or start, does this to one of them. With "mute" the servers answer no four-letter
// words.
func somebody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 || len(args) == 1 && args[0] != "mute" {
		ts.Fatalf("usage: somebody [mute]")
	}
	e, err := embedded.Start(embedded.Config{})
	ts.Check(err)
	ts.Defer(func() { e.Close() })
	var addrs []string
	for i, s := range e.Servers() {
		addr := s.Addr()
		if len(args) == 1 {
			addr = mute(ts, addr)
		}
		ts.Setenv("ADDR"+strconv.Itoa(i+1), addr)
		addrs = append(addrs, addr)
	}
	ts.Setenv("SERVERS", strings.Join(addrs, ","))

	l := listen(ts, "0")
	control := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := harm(r.Context(), e, r.URL.Path); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})}
	go control.Serve(l)
	ts.Defer(func() { control.Close() })
	ts.Setenv("CONTROL", l.Addr().String())
}

// harm performs the action of a path such as /pause/2.
func harm(ctx context.Context, e *embedded.Ensemble, path string) error {
	var verb string
	var id int
	if _, err := fmt.Sscanf(strings.ReplaceAll(path, "/", " "), "%s %d", &verb, &id); err != nil || id < 1 || id > 3 {
		return fmt.Errorf("no server is meant by %s", path)
	}
	s := e.Servers()[id-1].(*embedded.Server)
	do, ok := map[string]func(context.Context) error{
		"pause": s.Pause, "resume": s.Resume, "kill": s.Kill, "stop": s.Stop, "start": s.Start,
	}[verb]
	if !ok {
		return fmt.Errorf("nothing is called %s", verb)
	}
	return do(context.WithoutCancel(ctx))
}

// controlProgram is the program zklab-control.
func controlProgram() {
	answer, err := http.Get("http://" + os.Getenv("CONTROL") + "/" + strings.Join(os.Args[1:], "/"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	io.Copy(os.Stderr, answer.Body)
	if answer.StatusCode != http.StatusOK {
		os.Exit(1)
	}
}

// mute listens in place of a server and forwards everything to it except four-letter words.
func mute(ts *testscript.TestScript, server string) (addr string) {
	l := listen(ts, "0")
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go muted(conn, server)
		}
	}()
	return l.Addr().String()
}

func muted(client net.Conn, server string) {
	defer client.Close()
	first := make([]byte, 4)
	if _, err := io.ReadFull(client, first); err != nil {
		return
	}
	if 'a' <= first[0] && first[0] <= 'z' {
		fmt.Fprintf(client, "%s is not executed because it is not in the whitelist.\n", first)
		return
	}
	behind, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer behind.Close()
	behind.Write(first)
	go func() {
		defer client.Close()
		io.Copy(client, behind)
	}()
	io.Copy(behind, client)
}

// znodes asserts which children a znode of somebody's ensemble has: "znodes / zookeeper". "znodes + /a"
// creates a znode.
func znodes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: znodes path [child...], or znodes + path")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, _, err := zkconn.Open(ctx, zkconn.Config{Servers: strings.Split(ts.Getenv("SERVERS"), ","), Timeout: 4 * time.Second, Dial: net.DialTimeout})
	ts.Check(err)
	defer conn.Close()
	if args[0] == "+" {
		_, err := conn.Create(args[1], nil, 0, zk.WorldACL(zk.PermAll))
		ts.Check(err)
		return
	}
	_, err = conn.Sync(args[0])
	ts.Check(err)
	got, _, err := conn.Children(args[0])
	ts.Check(err)
	slices.Sort(got)
	if !slices.Equal(got, args[1:]) {
		ts.Fatalf("%s has %q, want %q", args[0], got, args[1:])
	}
}
