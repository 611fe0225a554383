package declared

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/explain"
	"github.com/zklab/zklab/internal/base/printable"
)

func at(t time.Duration) string { return words.At(t) }

// Lengths of calls and states in sentences, in characters. mostShort bounds an argument or an answer.
const (
	mostText  = 200
	mostShort = 40
)

func (it *item) operation() string {
	if it.ends != nil {
		return "SessionEnds"
	}
	return it.call.Operation
}

// declared returns where the program declares the step of the item.
func (it *item) declared() string {
	if it.ends != nil {
		return it.of.Declared
	}
	st, _ := it.of.Step(it.call.Operation)
	return st.Declared
}

// String describes the item in a few words.
func (it *item) String() string {
	if it.ends != nil {
		return fmt.Sprintf("the end of session %s of client %d", it.ends.ID, it.ends.Client)
	}
	c := it.call
	if it.of.tell != nil {
		return printable.Text(it.of.tell(c, it.value), mostText)
	}
	text := it.asked()
	switch answer := it.text(c.Answer, false); {
	case c.Outcome == Unheard:
		text += ": no answer"
	case c.Outcome == Refused:
		text += ": refused, " + printable.Text(c.Refusal, mostShort)
	case answer != "":
		text += ": " + answer
	}
	return text
}

// asked returns a call without its answer: take(3).
func (it *item) asked() string {
	if argument := it.text(it.call.Argument, true); argument != "" {
		return it.call.Operation + "(" + argument + ")"
	}
	return it.call.Operation
}

// text formats an argument or an answer, in the same way as the story.
func (it *item) text(raw json.RawMessage, argument bool) string {
	st, _ := it.of.Step(it.call.Operation)
	if st.Text == nil {
		return printable.Text(explain.Facts(raw), mostShort)
	}
	return printable.Text(st.Text(raw, argument), mostShort)
}

// String shows the possible states.
func (w *world) String() string {
	const most = 3
	show := w.of.show
	if show == nil {
		show = func(state any) string { return printable.Text(fmt.Sprintf("%+v", state), 80) }
	}
	text := ""
	for i, s := range w.states {
		if i == most {
			return text + fmt.Sprintf(" or one of %d more", len(w.states)-most)
		}
		if i > 0 {
			text += " or "
		}
		text += show(s.value)
	}
	return text
}
