package serve

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/store"
)

// Config says what is served, and to whom.
type Config struct {
	// Store is the folder of the runs.
	Store string
	// Hosts lists the host names that browsers may use for the server, besides localhost and IP
	// addresses.
	Hosts []string
	// ReadOnly refuses to delete anything.
	ReadOnly bool
	// Declares is [store.Run.Declares] of the runs.
	Declares func(model string) models.Declared
}

// Server is the site of one store. Its methods are safe for concurrent use.
type Server struct {
	Config
	dir   string // absolute
	root  *os.Root
	token string // required for every change
	index *index
	live  *live
	found *findingsOf
	sparks
}

// New opens a store. It returns an error if the folder does not exist.
func New(cfg Config) (*Server, error) {
	dir, err := filepath.Abs(cfg.Store)
	if err != nil {
		return nil, err
	}
	if err := store.Exists(cfg.Store); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	files := &files{root, cfg.Declares}
	return &Server{
		Config: cfg, dir: dir, root: root, token: rand.Text(),
		index: newIndex(files), live: newLive(files), found: newFindings(files), sparks: newSparks(files),
	}, nil
}

// Close closes the store.
func (s *Server) Close() error { return s.root.Close() }

// Serve answers at l until ctx ends, and closes l. Then it lets requests finish for a moment.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	requests, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return requests }, // its end ends the streams of events
		ErrorLog:    log.New(os.Stderr, "serve: ", 0),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	const moment = 2 * time.Second
	last, stop := context.WithTimeout(context.Background(), moment)
	defer stop()
	if err := server.Shutdown(last); err != nil {
		return server.Close()
	}
	return nil
}

// Handler returns the site. Only POST changes anything.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("GET /events", s.listEvents)
	mux.HandleFunc("GET /findings", s.findingsPage)
	mux.HandleFunc("GET /run/{path...}", s.runPage)
	mux.HandleFunc("GET /live/{path...}", s.liveEvents)
	mux.HandleFunc("GET /compare", s.comparePage)
	mux.HandleFunc("GET /spark/{path...}", s.spark)
	mux.HandleFunc("GET /files/{path...}", s.file)
	mux.HandleFunc("GET /download/{path...}", s.download)
	mux.HandleFunc("GET /delete", s.confirmDelete)
	mux.HandleFunc("POST /delete", s.delete)
	mux.HandleFunc("GET /assets/{name}", asset)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, "There is no such page.")
	})
	return s.guard(mux)
}
