package explain

import (
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

type ownModel struct {
	models.Declared
	of *models.Model
}

func (m ownModel) Model() *models.Model { return m.of }

// The story of an object that a program declares itself depends on what its operations do, not on
// their names. The operations of such a queue are described alike, even if they have the names of
// the operations of zklab's own queue.
func TestOwnNames(t *testing.T) {
	story := func(telling Telling, put, take string) []string {
		m := models.Model{Name: "own", Operations: []models.Operation{
			{F: put, Puts: true, Words: models.Words{Name: put, Asked: "called it", Refused: "it failed"}},
			{F: take, Takes: true, Words: models.Words{Name: take, Asked: "called it", Refused: "it failed"}},
		}}
		b := historytest.New(m.Name)
		b.Header.Declared = ownModel{of: &m}
		b.Op(0, put, "k", 1, 2, history.OK, "a", nil)
		b.Op(0, put, "k", 3, 4, history.OK, "b", nil)
		b.Op(1, take, "k", 5, 6, history.OK, nil, "b")
		b.Op(2, take, "k", 7, 8, history.OK, nil, "b")
		return Read(b.History()).Scene(telling, "k", []int{1, 2, 3, 4, 5, 6, 7, 8}).Story()
	}
	for _, telling := range []Telling{CameTwice, Overtaken, Vanished} {
		want, got := story(telling, "put", "take"), story(telling, "enqueue", "dequeue")
		if !slices.Equal(got, want) {
			t.Errorf("%v: with the names of a queue\n%s\nwith others\n%s", telling, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
