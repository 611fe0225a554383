package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/zklab/zklab/ensemble"
)

// Answer is the answer to a request.
type Answer struct {
	Name    string  `json:"name"`    // of the ensemble
	Backend string  `json:"backend"` // embedded or container
	Servers []State `json:"servers"`
}

// refusal is the answer to a request that failed.
type refusal struct {
	Error string `json:"error"`
}

// actionTimeout bounds the time of a request. Containers need some seconds.
const actionTimeout = time.Minute

// Listener serves requests until it is closed. It is safe for concurrent use.
type Listener struct {
	name, socket string
	backend      string
	control      *Controller
	http         *http.Server
	ctx          context.Context // of all actions, which go on if the client disconnects
	stop         context.CancelFunc
	ended        chan struct{}
	down         chan struct{} // closed when a client asks for the end of the ensemble
	downOnce     sync.Once
}

// Listen serves requests for an ensemble under a name. A name with a slash is the path of the socket
// itself. Listen returns an error if another running ensemble uses the name, or if it cannot create
// the socket.
func Listen(e ensemble.Ensemble, name string) (*Listener, error) {
	socket := name
	if !strings.ContainsRune(name, os.PathSeparator) {
		dir, err := makeFolder()
		if err != nil {
			return nil, fmt.Errorf("cannot listen for commands: %w", err)
		}
		socket = path(dir, name)
	}
	l, err := occupy(socket)
	if err != nil {
		return nil, fmt.Errorf("cannot listen for commands: %w", err)
	}
	s := &Listener{name: name, socket: socket, backend: e.Profile().Backend, control: New(e), ended: make(chan struct{}), down: make(chan struct{})}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.http = &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.ended)
		_ = s.http.Serve(l) // returns when the server is closed
	}()
	return s, nil
}

// occupy creates a socket that only the user can open. It creates the socket in a private folder and
// then moves it, so that the socket is never open to other users.
func occupy(socket string) (net.Listener, error) {
	dir, base := filepath.Split(socket)
	if len(socket) > longest {
		return nil, fmt.Errorf("%s has %d bytes, but the path of a socket can have at most %d: choose a shorter one with --name", socket, len(socket), longest)
	}
	if info, err := os.Lstat(socket); err == nil && info.Mode().Type() != fs.ModeSocket {
		return nil, fmt.Errorf("%s exists but is not a socket: choose another with --name", socket)
	}
	if alive(socket) {
		return nil, fmt.Errorf("another running ensemble uses %s: choose another with --name", socket)
	}
	nest, err := os.MkdirTemp(dir, ".z")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(nest)
	fresh := filepath.Join(nest, "s")
	if len(fresh) > longest {
		return nil, fmt.Errorf("%s is too long for the path of a socket %s: choose a shorter one with --name", dir, base)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the socket moves
	if err = os.Chmod(fresh, 0o600); err == nil {
		err = os.Rename(fresh, socket)
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Socket returns the path of the socket.
func (l *Listener) Socket() string { return l.socket }

// Down returns a channel that is closed when a client asks for the end of the ensemble.
func (l *Listener) Down() <-chan struct{} { return l.down }

// Close stops serving, cancels the requests in progress and waits for their end, and removes the
// socket.
func (l *Listener) Close() error {
	err := os.Remove(l.socket)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	l.stop()
	err = errors.Join(err, l.http.Close())
	<-l.ended
	l.control.turn.Lock() // the action in progress has ended then
	defer l.control.turn.Unlock()
	return err
}

func (l *Listener) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		l.answer(w, l.control.Status(r.Context()), nil)
	})
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, r *http.Request) {
		l.answer(w, l.control.Status(r.Context()), nil)
		_ = http.NewResponseController(w).Flush() // the connection may end now
		l.downOnce.Do(func() { close(l.down) })
	})
	mux.HandleFunc("POST /servers/{who}/{action}", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(l.ctx, actionTimeout)
		defer cancel()
		states, err := l.control.Do(ctx, Action(r.PathValue("action")), r.PathValue("who"))
		l.answer(w, states, err)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		l.answer(w, nil, fmt.Errorf("%w: %s %.80s is unknown: use GET /status, POST /servers/{who}/{action} or POST /down", ErrRequest, r.Method, r.URL.Path))
	})
	return mux
}

func (l *Listener) answer(w http.ResponseWriter, states []State, err error) {
	w.Header().Set("Content-Type", "application/json")
	body, code := any(Answer{Name: l.name, Backend: l.backend, Servers: states}), http.StatusOK
	if err != nil {
		code = http.StatusConflict
		if errors.Is(err, ErrRequest) {
			code = http.StatusBadRequest
		}
		body = refusal{Error: strings.TrimPrefix(err.Error(), ErrRequest.Error()+": ")}
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // every body can be encoded
	}
	// With a length, the client knows that the answer is complete even if the connection is closed
	// after it.
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(code)
	_, _ = w.Write(append(text, '\n')) // a client that has disconnected needs no answer
}
