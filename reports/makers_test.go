package reports

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/lab/sweep"
	"github.com/zklab/zklab/internal/testkit/must"
	"github.com/zklab/zklab/reports/onerun"
)

func TestMakersOfASweep(t *testing.T) {
	s := sweptRuns()
	s.Zklab = "v0.2.0"
	if got := SweepSummary(s, "", onerun.Screen{Full: true}); !strings.HasSuffix(got, "\n  zklab        v0.2.0\n") {
		t.Error(got)
	}
	s.Description.Settings = append(s.Description.Settings, sweep.Setting{Name: sweep.RanBy, Value: "v0.1.0"})
	if got := SweepSummary(s, "", onerun.Screen{Full: true}); !strings.HasSuffix(got, "\n  run by       zklab v0.1.0\n  summed up by zklab v0.2.0\n") {
		t.Error(got)
	}
	path := filepath.Join(t.TempDir(), "sweep.html")
	must.Do(t, WriteSweep(path, s))
	if page, err := os.ReadFile(path); !strings.Contains(string(page), "run by zklab v0.1.0; summed up by zklab v0.2.0.") {
		t.Errorf("%v\n%s", err, page)
	}
}
