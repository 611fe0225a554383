package stats

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/testkit/must"
)

type ownModel struct {
	models.Declared
	of *models.Model
}

func (m ownModel) Model() *models.Model { return m.of }

// The figures of an object that a program declares itself depend on what its operations do, not on
// their names.
func TestOwnNames(t *testing.T) {
	figures := func(names ...string) string {
		m := models.Model{Name: "own", Operations: []models.Operation{
			{F: names[0], Begins: true, Waits: true}, {F: names[1], Ends: true}, {F: names[2], Affirms: true}, {F: names[3]},
		}}
		b := historytest.New(m.Name)
		b.Header.Declared = ownModel{of: &m}
		for client := range 3 {
			at := float64(10 * client)
			b.Op(client, names[0], "k", at+1, at+2, history.OK, nil, 5)
			b.Op(client, names[2], "k", at+3, at+4, history.OK, nil, true)
			b.Op(client, names[3], "k", at+5, at+6, history.OK, nil, true)
			b.Op(client, names[1], "k", at+15, at+18, history.OK, nil, nil)
		}
		text := must.Get(json.Marshal(Compute(b.History())))(t)
		return strings.NewReplacer(names[0], "A", names[1], "B", names[2], "C", names[3], "D").Replace(string(text))
	}
	if d := cmp.Diff(figures("aa", "bb", "cc", "dd"), figures("acquire", "bb", "confirm", "write")); d != "" {
		t.Errorf("with other names -, with those of a lock +: %s", d)
	}
}
