package trial

import (
	"testing"

	"github.com/zklab/zklab/catalog/entry"
	"github.com/zklab/zklab/internal/testkit/tally"
)

// An original that gets another verdict than the recipe, or too few runs, is told.
func TestApart(t *testing.T) {
	wrong, right := entry.Entry{Wrong: &entry.Wrong{}}, entry.Entry{}
	for _, tt := range []struct {
		name  string
		entry entry.Entry
		v     Verdict
		apart int
	}{
		{"a wrong one is convicted", wrong, Verdict{tally.Tally{Runs: SeedsOfTest, Violated: 9}, 3}, 0},
		{"a right one is not", right, Verdict{tally.Tally{Runs: SeedsOfRight}, 0}, 0},
		{"a wrong one is not convicted", wrong, Verdict{tally.Tally{Runs: SeedsOfTest}, 0}, 1},
		{"a wrong one violates something else", wrong, Verdict{tally.Tally{Runs: SeedsOfTest, Violated: 9}, 0}, 1},
		{"a right one is convicted", right, Verdict{tally.Tally{Runs: SeedsOfRight, Violated: 1}, 0}, 1},
		{"too few runs", right, Verdict{tally.Tally{Runs: SeedsOfTest}, 0}, 1},
		{"never measured", wrong, Verdict{}, 2},
	} {
		if why := Apart(tt.entry, tt.v); len(why) != tt.apart {
			t.Errorf("%s: %q", tt.name, why)
		}
	}
}

func TestBreaks(t *testing.T) {
	wrong := entry.Entry{Wrong: &entry.Wrong{Breaks: []string{"late", "early"}}}
	if !Breaks(wrong, []string{"order", "early"}) || Breaks(wrong, []string{"order"}) || Breaks(wrong, nil) || Breaks(entry.Entry{}, []string{"early"}) {
		t.Error("Breaks is wrong")
	}
}
