package workloads

import (
	"encoding/json"
	"slices"
)

// answers lists one client's answers at one object, by operation, oldest first. The client's next
// process starts without answers.
type answers struct {
	life int
	of   map[string][]json.RawMessage
}

// mostAnswers is how many answers of one operation a client remembers.
const mostAnswers = 100

// drawn is an answer that an argument was drawn from.
type drawn struct {
	f      string
	answer json.RawMessage
}

// Answer draws one of the answers, as JSON, that the client got from an operation of the object, and from which no
// argument was drawn yet. An empty answer does not count. If a call certainly had no effect, the answer from which
// its argument was drawn can be drawn again. If there is no answer, it returns false, and the client calls another
// operation.
func (d *Draw) Answer(f string) (answer json.RawMessage, ok bool) {
	if d.answers == nil || len(d.answers.of[f]) == 0 {
		d.none = true
		return nil, false
	}
	all := d.answers.of[f]
	i := d.IntN(len(all))
	d.drawn = append(d.drawn, drawn{f, all[i]})
	d.answers.of[f] = slices.Delete(slices.Clone(all), i, i+1)
	return all[i], true
}

// giveBack returns the drawn answers, so that they can be drawn again.
func (d *Draw) giveBack() {
	for _, a := range d.drawn {
		d.answers.of[a.f] = append(d.answers.of[a.f], a.answer)
	}
	d.drawn = nil
}

// remembered returns what a client was answered at an object.
func (r *mixRun) remembered(c *Client, key string) *answers {
	s := r.seat(c, key)
	if s.answers == nil || c.gone(s.answers.life) {
		s.answers = &answers{c.life, map[string][]json.RawMessage{}}
	}
	return s.answers
}

// remember adds an answer.
func (r *mixRun) remember(c *Client, key, f string, answer json.RawMessage) {
	if noItem(answer) {
		return
	}
	a := r.remembered(c, key)
	a.of[f] = append(a.of[f], answer)
	if n := len(a.of[f]) - mostAnswers; n > 0 {
		a.of[f] = a.of[f][n:]
	}
}
