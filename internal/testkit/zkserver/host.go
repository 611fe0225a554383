package zkserver

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// New makes an ensemble of which no server runs yet.
type New func(context.Context, Cluster) (Ensemble, error)

// Host hosts the ensembles whose servers the stand-ins ask for.
type Host struct {
	make     New
	listener net.Listener
	ctx      context.Context // of everything that the host does
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	clusters map[string]*cluster // by what distinguishes them
}

// request is a stand-in's message, on one line. The answer is also one line: started, or what is wrong.
// Then the connection lasts as long as the server.
type request struct {
	Config      string `json:"config"` // path of a zoo.cfg
	SuperDigest string `json:"super_digest,omitempty"`
}

const started = "started"

// Listen makes a host at a free port of the loopback interface.
func Listen(make New) (*Host, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	h := &Host{make: make, listener: l, clusters: map[string]*cluster{}}
	h.ctx, h.stop = context.WithCancel(context.Background())
	h.running.Add(1)
	go h.accept()
	return h, nil
}

// Env returns the environment variable by which stand-ins find the host.
func (h *Host) Env() string { return hostEnv + "=" + h.listener.Addr().String() }

// Close ends all servers and removes all ensembles.
func (h *Host) Close() error {
	h.stop()
	errs := []error{h.listener.Close()}
	h.running.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.clusters {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

func (h *Host) accept() {
	defer h.running.Done()
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			return
		}
		h.running.Add(1)
		go h.serve(conn)
	}
}

// serve runs one server for as long as its stand-in lives.
func (h *Host) serve(conn net.Conn) {
	defer h.running.Done()
	defer conn.Close()
	defer context.AfterFunc(h.ctx, func() { conn.Close() })()
	in := bufio.NewReader(conn)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return
	}
	gone := make(chan struct{})
	h.running.Add(1)
	go func() {
		defer h.running.Done()
		_, _ = io.Copy(io.Discard, in) // nothing comes but the end
		close(gone)
	}()
	if err := h.run(line, gone, func() { fmt.Fprintln(conn, started) }); err != nil {
		fmt.Fprintln(conn, err)
	}
	conn.Close()
	<-gone
}

func (h *Host) run(line []byte, gone <-chan struct{}, started func()) error {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	server, err := readConfig(r.Config)
	if err != nil {
		return err
	}
	server.SuperDigest = r.SuperDigest
	c := h.cluster(server)
	// A suite that killed a stand-in starts the next one at once: let the server end first.
	turn := &c.servers[server.id-1]
	turn.Lock()
	defer turn.Unlock()
	if err := c.join(h.ctx, server, h.make); err != nil {
		return err
	}
	return c.run(h.ctx, server.id, gone, started)
}

func (h *Host) cluster(of config) *cluster {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.clusters[of.members]
	if c == nil {
		c = newCluster(of.size)
		h.clusters[of.members] = c
	}
	return c
}
