// Serviceregistry is a service with several instances, and clients that find the instances that are
// alive. See README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/zklab/zklab/examples/internal/program"
	"github.com/zklab/zklab/recipes"
)

var (
	every   = flag.Duration("every", 500*time.Millisecond, "time from one call of a client to the next")
	address = flag.String("address", "127.0.0.1", "where an instance answers, and clients call it: a `host`")
	port    = flag.Int("port", 0, "its port; 0 is any free one")
)

func main() {
	program.Main(program.About{
		Path: "/services", Usage: "[flags] serve SERVICE | call SERVICE",
		Args: func(args []string) bool {
			return len(args) == 2 && (args[0] == "serve" || args[0] == "call") && args[1] != "" && !strings.Contains(args[1], "/")
		},
	}, run)
}

func run(ctx context.Context, p *program.Program) error {
	if p.Args[0] == "serve" {
		return serve(ctx, p)
	}
	return call(ctx, p)
}

// serve registers the instance once it can be called, and answers calls until it is no longer
// registered.
func serve(ctx context.Context, p *program.Program) error {
	if *address == "" || *port < 0 || *port > 65535 {
		return program.Usage("-address must not be empty, and -port must be between 0 and 65535")
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(*address, strconv.Itoa(*port)))
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "hello from %s", p.Name)
	})}
	defer server.Close()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	registry := newRegistry(p)
	defer p.Close(registry)
	if err := registry.register(ctx, p.Name, listener.Addr().String()); err != nil {
		return err
	}
	p.Say("serves %s at %s", p.Args[1], listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	p.Close(registry)
	p.Say("serves no more")
	return server.Shutdown(context.WithoutCancel(ctx))
}

// call calls one instance after the other. An instance that does not answer may have just died, and
// stays registered until its session has timed out: then call tries the next one.
func call(ctx context.Context, p *program.Program) error {
	registry := newRegistry(p)
	defer p.Close(registry)
	changes := make(chan []recipes.Instance)
	failed := make(chan error, 1)
	go func() { failed <- registry.follow(ctx, p, changes) }()
	var instances []recipes.Instance
	for n, tick := 0, time.NewTicker(*every); ; n++ {
		select {
		case instances = <-changes:
		case err := <-failed:
			if ctx.Err() != nil {
				return nil
			}
			return err
		case <-tick.C:
			p.Say("%s", ask(ctx, p, instances, n))
		}
	}
}

// ask asks the instances from the n-th on, until one answers.
func ask(ctx context.Context, p *program.Program, instances []recipes.Instance, n int) string {
	for i := range instances {
		at := instances[(n+i)%len(instances)]
		answer, err := get(ctx, at.Address)
		if err == nil {
			return answer
		}
		p.Say("%s does not answer: %v", at.ID, err)
	}
	return "nobody answers"
}

func get(ctx context.Context, addr string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr, nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}
