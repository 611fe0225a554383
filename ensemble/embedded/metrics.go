package embedded

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/zklab/zklab/ensemble/embedded/internal/fourletter"
	"github.com/zklab/zklab/ensemble/embedded/internal/server"
)

// metricsPage serves the metrics of one run of a server to Prometheus, as Apache's
// PrometheusMetricsProvider does at metricsProvider.httpPort.
type metricsPage struct {
	http  *http.Server
	ended chan struct{}
}

// serveMetrics serves run's metrics at l until close. A paused server does not answer.
func serveMetrics(l net.Listener, run *server.Server) *metricsPage {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		text, err := run.Metrics(r.Context())
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable) // it ends, or no listener is left
			return
		}
		w.Header().Set("Content-Type", fourletter.PrometheusType)
		_, _ = io.WriteString(w, text)
	})
	p := &metricsPage{http: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		_ = p.http.Serve(l) // until it is closed
	}()
	return p
}

// close closes all connections.
func (p *metricsPage) close() {
	if p != nil {
		p.http.Close()
		<-p.ended
	}
}

// MetricsAddr returns where the server tells its metrics; empty without [Config.MetricsAddrs].
func (s *Server) MetricsAddr() string { return s.metricsAddr }

// listenForMetrics takes the address of the server's metrics; nil if it has none.
func (s *Server) listenForMetrics() (net.Listener, error) {
	if s.metricsAddr == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", s.metricsAddr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("server %d cannot serve metrics on %s: %w", s.id, s.metricsAddr, ErrPortTaken)
	}
	if err != nil {
		return nil, fmt.Errorf("server %d cannot tell its metrics: %w", s.id, err)
	}
	return l, nil
}
