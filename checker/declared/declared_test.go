package declared

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

// A program judges histories of its own objects, even if these have more operations by now, and
// says in one line why it does not judge other histories of that name.
func TestJudges(t *testing.T) {
	own := New(models.Model{Name: "ids"}, []string{"next() int64", "last() int64"}, nil)
	module := own.Identity().Module
	if module == "" {
		t.Fatal("the module of this program is not known")
	}
	for name, tt := range map[string]struct {
		of   *history.Declaration
		says string
	}{
		"its own":         {own.Identity(), ""},
		"of an old one":   {&history.Declaration{Module: module, Operations: []string{"next() int64"}}, ""},
		"not known":       {nil, ""},
		"other module":    {&history.Declaration{Module: "example.com/ids", Operations: own.Identity().Operations}, `the history is of objects "ids" that the module example.com/ids declares, and this program has those of `},
		"other operation": {&history.Declaration{Module: module, Operations: []string{"next() string"}}, `with the operation next() string, which this program does not declare`},
	} {
		err := own.Judges(tt.of)
		if (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is missing is told with the first error of an operation of which no call succeeded.
func TestNoneDone(t *testing.T) {
	needs := []Need{{What: "answers of add", Operation: "add", Least: 1}}
	for name, tt := range map[string]struct {
		outcome history.Type
		says    string
	}{
		"none":    {history.Info, `too few answers of add: 0, of 1 wanted; none of the 2 calls of add succeeded, and the first ended with "never"`},
		"refused": {history.Fail, `too few answers of add: 0, of 1 wanted; none of the 2 calls of add succeeded, and the first ended with "never"`},
		"one":     {history.OK, "too few answers of add: 0, of 1 wanted"},
	} {
		b := historytest.New("sums")
		b.Op(0, "add", "k", 1, 2, history.Info, nil, nil).Error("never")
		b.Op(0, "add", "k", 3, 4, tt.outcome, nil, nil)
		a := evidence.Read(t.Context(), b.History(), &models.Model{Name: "sums"}, nil)
		if got := missing(a, needs, nil); got != tt.says {
			t.Errorf("%s: %s", name, got)
		}
	}
}
