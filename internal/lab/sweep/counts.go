package sweep

import (
	"cmp"
	"slices"
	"strings"
)

// Count says how often something happened.
type Count struct {
	Text    string `json:"text"`
	Example string `json:"example,omitempty"` // one of the texts, if their numbers differ
	N       int    `json:"n"`
}

// Words returns the text for people: an example of it, if its numbers differ.
func (c Count) Words() string {
	if c.Example == "" || c.N == 1 {
		return cmp.Or(c.Example, c.Text)
	}
	return "such as: " + c.Example
}

// mostReasons bounds the texts that are counted separately. More of them would be of no use.
const mostReasons = 200

// textCounts counts texts, a limited number of them separately.
type textCounts struct {
	of   map[string]*Count
	rest int
}

// add counts a text, with an example if the text is a class of texts. The example that is kept does
// not depend on the order.
func (c *textCounts) add(text, example string) {
	if c.of == nil {
		c.of = map[string]*Count{}
	}
	one := c.of[text]
	if one == nil && len(c.of) >= mostReasons {
		c.rest++
		return
	}
	if one == nil {
		one = &Count{Text: text}
		c.of[text] = one
	}
	one.N++
	if example != "" && (one.Example == "" || example < one.Example) {
		one.Example = example
	}
}

// list returns the counts, the most frequent text first.
func (c *textCounts) list() (out []Count) {
	for _, one := range c.of {
		out = append(out, *one)
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(b.N-a.N, strings.Compare(a.Text, b.Text)) })
	if c.rest > 0 {
		out = append(out, Count{Text: "others", N: c.rest})
	}
	return out
}
