package explore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zklab/zklab/faults"
	"github.com/zklab/zklab/faults/plan"
	"github.com/zklab/zklab/link"
)

// messages parses messages: the number of a client, its operation, a kind and the content. A message
// that changes something begins with a capital. Messages of a kind are numbered in their operation.
func messages(text string) (all []link.Message) {
	which := map[string]int{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		m := link.Message{Point: link.Point{Client: int(words[0][0] - '0'), Operation: words[1], Nth: 1, Message: words[2], Reply: len(words) == 5}}
		said := words[3]
		m.Content, m.Changes = uint64(said[0]), said[0] < 'a'
		key := strings.Join(words[:3], " ") + strings.Join(words[4:], "")
		which[key]++
		m.Point.Which = which[key]
		all = append(all, m)
	}
	return all
}

func names(points map[link.Point]bool) (names []string) {
	for _, p := range slices.SortedFunc(maps.Keys(points), link.Point.Compare) {
		names = append(names, p.String())
	}
	return names
}

// Only rounds between the second and the last are implied, and only while nothing changes.
func TestImplied(t *testing.T) {
	round := "0 acquire exists a\n0 acquire exists b reply\n"
	other := "1 acquire exists a\n1 acquire exists b reply\n"
	write := "1 release delete A\n"
	for name, c := range map[string]struct {
		messages string
		want     []string
	}{
		"three rounds": {strings.Repeat(round, 3), nil},
		"five rounds": {strings.Repeat(round, 5), []string{
			"client0/acquire#1/exists#3", "client0/acquire#1/exists#3/reply",
			"client0/acquire#1/exists#4", "client0/acquire#1/exists#4/reply",
		}},
		"a change in between":       {strings.Repeat(round, 3) + write + strings.Repeat(round, 2), nil},
		"another answer":            {strings.Repeat(round, 3) + "0 acquire exists a\n0 acquire exists c reply\n" + strings.Repeat(round, 2), []string{"client0/acquire#1/exists#3"}},
		"a request never sent":      {strings.Repeat(round, 3) + "1 acquire exists a\n" + strings.Repeat(round, 2), nil},
		"answers in turns":          {strings.Repeat(round+"0 acquire exists c reply\n", 2), nil},
		"another operation":         {strings.Repeat(round, 3) + strings.ReplaceAll(strings.Repeat(round, 3), "acquire", "release"), nil},
		"each round changes it":     {strings.Repeat(round+write, 6), nil},
		"two that poll":             {strings.Repeat(round+other, 4), []string{"client0/acquire#1/exists#3", "client0/acquire#1/exists#3/reply", "client1/acquire#1/exists#3", "client1/acquire#1/exists#3/reply"}},
		"one that polls more often": {other + round + strings.Repeat(round, 3), []string{"client0/acquire#1/exists#3", "client0/acquire#1/exists#3/reply"}},
		"rounds of two requests": {strings.Repeat("0 acquire exists a\n0 acquire getData b\n", 4), []string{
			"client0/acquire#1/exists#3", "client0/acquire#1/getData#3",
		}},
	} {
		if diff := cmp.Diff(c.want, names(implied(messages(c.messages)))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Faults at implied points are not tried, but counted, and leave nothing open. Faults in the first
// rounds and in the last one are tried.
func TestLoopsAreTriedOnce(t *testing.T) {
	said := messages(strings.Repeat("0 acquire exists a\n0 acquire exists b reply\n", 9))
	var tried []string
	run := func(broken string) Report {
		tried = nil
		r, err := Explore(t.Context(), Config{Singles: true, Faults: []Choice{{Fault: faults.LoseReply{}}}, Runners: []Runner{func(_ context.Context, s plan.Schedule) (Outcome, error) {
			o, err := (&scenario{t: t, broken: []string{broken}}).run(t.Context(), s)
			o.Points = nil
			for _, m := range said {
				o.Points = append(o.Points, m.Point)
			}
			if len(s) == 0 {
				o.Messages = said
			} else {
				tried = append(tried, short(s))
			}
			return o, err
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run("none")
	if diff := cmp.Diff([]string{
		"lose-reply@client0/acquire#1/exists#1/reply", "lose-reply@client0/acquire#1/exists#2/reply", "lose-reply@client0/acquire#1/exists#9/reply",
	}, tried); diff != "" {
		t.Error(diff)
	}
	if got, want := sentence(r), "no single fault at any of the 18 points of this scenario breaks a promise (3 runs, 6 implied by loops)"; got != want {
		t.Error(got)
	}
	for _, point := range []string{"exists#1", "exists#2", "exists#9"} {
		if r := run("lose-reply@client0/acquire#1/" + point + "/reply"); len(r.Findings) != 1 {
			t.Errorf("%s: %s", point, r)
		}
	}
}
