package embedded_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/zklab/zklab/ensemble"
	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/internal/testkit/must"
)

// scrape asks a server for its metrics, within a time.
func scrape(t *testing.T, s *embedded.Server, within time.Duration) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	req := must.Get(http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.MetricsAddr()+"/metrics", http.NoBody))(t)
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("%s, %s", res.Status, res.Header.Get("Content-Type"))
	}
	return string(text), err
}

// Each server reports its own metrics, and only while it runs. Prometheus asks over real connections, so the
// test runs in real time.
func TestMetrics(t *testing.T) {
	e := must.Get(embedded.Start(embedded.Config{Observers: 1, MetricsAddrs: []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}}))(t)
	t.Cleanup(func() { e.Close() })
	s, _, err := ensemble.LeaderOf(t.Context(), e.Servers())
	if err != nil {
		t.Fatal(err)
	}
	leader := s.(*embedded.Server)
	for _, s := range e.Servers() {
		text, err := scrape(t, s.(*embedded.Server), time.Minute)
		if err != nil || !strings.Contains(text, "\nquorum_size 3.0\n") || strings.Contains(text, "\nlearners 3.0\n") != (s.ID() == leader.ID()) {
			t.Errorf("server %d: %v\n%s", s.ID(), err, text)
		}
	}

	must.Do(t, leader.Pause(t.Context()))
	if text, err := scrape(t, leader, 50*time.Millisecond); err == nil {
		t.Errorf("paused: %s", text)
	}
	must.Do(t, leader.Resume(t.Context()))
	if _, err := scrape(t, leader, time.Minute); err != nil {
		t.Errorf("resumed: %v", err)
	}
	must.Do(t, leader.Kill(t.Context()))
	if text, err := scrape(t, leader, time.Minute); err == nil {
		t.Errorf("killed: %s", text)
	}
	must.Do(t, leader.Start(t.Context()))
	if _, err := scrape(t, leader, time.Minute); err != nil {
		t.Errorf("started again: %v", err)
	}
}

// A server without a majority reports its counters, but no gauges.
func TestMetricsWithoutMajority(t *testing.T) {
	e := must.Get(embedded.Start(embedded.Config{MetricsAddrs: []string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}, Stopped: true}))(t)
	t.Cleanup(func() { e.Close() })
	alone := e.Server(1)
	if _, err := scrape(t, alone, time.Minute); err == nil {
		t.Error("it does not run, and answers")
	}
	must.Do(t, alone.Start(t.Context()))
	text, err := scrape(t, alone, time.Minute)
	if err != nil || !strings.Contains(text, "\nlooking_count 0.0\n") || strings.Contains(text, "znode_count") {
		t.Errorf("%v\n%s", err, text)
	}
}
