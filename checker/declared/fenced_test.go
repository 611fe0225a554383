package declared

import (
	"encoding/json"
	"testing"

	"github.com/zklab/zklab/checker/internal/evidence"
	"github.com/zklab/zklab/checker/internal/frame"
	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/historytest"
	"github.com/zklab/zklab/history/models"
)

func TestFenced(t *testing.T) {
	model := models.Model{Name: "guarded", Operations: []models.Operation{{F: "write"}}}
	token := func(argument json.RawMessage) (n int64) { _ = json.Unmarshal(argument, &n); return n }
	for name, tt := range map[string]struct {
		from    float64 // when the write with token 3 began; the write with token 5 lasts from 1 to 2
		outcome history.Type
		answer  any
		refused bool
		want    frame.Result
	}{
		"done":           {3, history.OK, nil, false, frame.Violation},
		"at once":        {2, history.OK, nil, false, ""},
		"not done":       {3, history.OK, false, false, ""},
		"said done":      {3, history.OK, true, false, frame.Violation},
		"refused":        {3, history.Fail, nil, true, ""},
		"perhaps done":   {3, history.Info, nil, false, ""},
		"without effect": {3, history.Fail, nil, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := historytest.New(model.Name)
			b.Op(0, "write", "k", 1, 2, history.OK, 5, nil)
			op := b.Op(1, "write", "k", tt.from, 4, tt.outcome, 3, tt.answer)
			if tt.refused {
				op.Return.Error = &history.Error{Code: history.CodeRefused, Message: "old"}
			}
			b.Op(2, "write", "k", 5, 6, history.OK, 5, nil)
			k := evidence.Read(t.Context(), b.History(), &model, nil).Keys[0]
			if f := Fenced("write", token)[0].Property().Decide(t.Context(), k); f.Result != tt.want {
				t.Errorf("%s: %s", f.Result, f.Reason)
			}
		})
	}
}
