package evidence

import (
	"testing"
	"time"

	"github.com/zklab/zklab/checker/internal/checktest"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
)

// TestAbsences checks what is known of a client's absences.
func TestAbsences(t *testing.T) {
	h := checktest.Remote().Fault("freeze", 100, 300, 0).Fault("slow-link", 200, 400, 1).
		Exited(1000, 0, history.ByCrash).Started(1500, 0).Exited(2000, 0, history.ByCrash).Fact(9000, history.FEnd, nil).Build()
	a := Read(t.Context(), h, models.Lock, nil)
	for _, tt := range []struct {
		client, from, to, absent int
	}{
		{0, 0, 50, 0},
		{0, 0, 1000, 200},
		{0, 0, 2000, 700},
		{0, 0, 3000, 1700},
		{2, 0, 9000, 0},
	} {
		s := Span{From: time.Duration(tt.from) * checktest.Unit, To: time.Duration(tt.to) * checktest.Unit}
		if got := s.Length() - a.Present(tt.client, s); got != time.Duration(tt.absent)*checktest.Unit {
			t.Errorf("client %d was absent for %s of %d to %d ms, want %d ms", tt.client, got, tt.from, tt.to, tt.absent)
		}
	}
	if x, _ := a.ExitAfter(0, 1000*checktest.Unit+1); x != 2000*checktest.Unit {
		t.Errorf("the end after 1 s is at %s", x)
	}
}
