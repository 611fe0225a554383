package declared

import (
	"fmt"
	"time"

	"github.com/zklab/zklab/checker/internal/words"
	"github.com/zklab/zklab/internal/base/printable"
)

func at(t time.Duration) string { return words.At(t) }

// mostText is how long calls and states in sentences may be, in characters.
const mostText = 200

func (it *item) operation() string {
	if it.ends != nil {
		return "SessionEnds"
	}
	return it.call.Operation
}

// declared is where the program declares the step of the item.
func (it *item) declared() string {
	if it.ends != nil {
		return it.of.Declared
	}
	st, _ := it.of.Step(it.call.Operation)
	return st.Declared
}

// String tells the item in a few words.
func (it *item) String() string {
	if it.ends != nil {
		return fmt.Sprintf("the end of session %s of client %d", it.ends.ID, it.ends.Client)
	}
	c := it.call
	if it.of.tell != nil {
		return printable.Text(it.of.tell(c, it.value), mostText)
	}
	text := c.Operation
	if len(c.Argument) > 0 && string(c.Argument) != "null" {
		text += "(" + printable.Text(string(c.Argument), 40) + ")"
	}
	switch {
	case c.Outcome == Unheard:
		text += ": no answer"
	case c.Outcome == Refused:
		text += ": refused, " + printable.Text(c.Refusal, 40)
	case len(c.Answer) > 0 && string(c.Answer) != "null":
		text += ": " + printable.Text(string(c.Answer), 40)
	}
	return text
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
