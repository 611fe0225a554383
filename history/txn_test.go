package history

import "testing"

// TestChanges counts what transactions did, and asks whether they were refused.
func TestChanges(t *testing.T) {
	create := Txn{Type: "create", Path: "/a"}
	for name, c := range map[string]struct {
		of      Txn
		changes int
	}{
		"one":              {create, 1},
		"refused":          {Txn{Type: "create", Error: -110}, 0},
		"of unknown type":  {Txn{Type: "error"}, 0},
		"multi":            {Txn{Type: "multi", Parts: []Txn{create, {Type: "setData"}}}, 2},
		"refused multi":    {Txn{Type: "multi", Parts: []Txn{create, {Type: "delete", Error: -101}}}, 0},
		"multi of unknown": {Txn{Type: "multi", Parts: []Txn{create, {Type: "error"}}}, 0},
	} {
		n := 0
		for range c.of.Changes() {
			n++
		}
		if n != c.changes || c.of.Refused() != (c.changes == 0) {
			t.Errorf("%s: %d changes, refused: %v", name, n, c.of.Refused())
		}
	}
}
