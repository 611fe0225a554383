package declared

import (
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
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
