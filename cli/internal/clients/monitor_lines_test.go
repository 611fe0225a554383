package clients

import (
	"testing"
	"time"
)

// The monitor asks servers about their state for a screen, which shows it, but not for lines.
func TestLinesAskNoServer(t *testing.T) {
	f := monitorFlags{most: 1}
	f.Timeout, f.Session = time.Second, time.Second
	cfg, err := f.follows("127.0.0.1:2181")
	if err != nil || len(cfg.Queries) == 0 {
		t.Fatal(cfg, err)
	}
	if cfg = f.forLines(cfg); len(cfg.Queries) > 0 || !cfg.All {
		t.Errorf("%+v", cfg)
	}
}
