package history

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// op returns the fields of an event of a process and its client.
func op(time, process, client int, typ, f string) string {
	return fmt.Sprintf(`"time":%d,"process":%d,"client":%d,"type":%q,"f":%q`, time, process, client, typ, f)
}

const end = `"time":99,"process":"nemesis","client":-1,"type":"info","f":"end"`

func TestDamage(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"none": {lines(op(1, 0, 0, "invoke", "acquire"), op(1, 0, 0, "info", "acquire"),
			op(2, 2, 0, "invoke", "acquire"), op(3, 2, 0, "fail", "acquire"), op(4, 2, 0, "invoke", "acquire"), end), nil},
		"time": {
			lines(op(5, 0, 0, "invoke", "acquire"), op(4, 0, 0, "ok", "acquire"), op(4, 0, 0, "invoke", "release")),
			[]string{"line 3: time runs back from 5ns to 4ns", "line 4: time runs back from 5ns to 4ns"},
		},
		"index": {
			beginLine + strings.Replace(invokeLine, `"index":1`, `"index":4`, 1),
			[]string{"line 2: index is 4, not 1"},
		},
		"two open operations": {
			lines(op(1, 0, 0, "invoke", "acquire"), op(2, 0, 0, "invoke", "release"), op(3, 0, 0, "ok", "release")),
			[]string{"line 3: process 0 begins release while its acquire is open"},
		},
		"no invocation": {
			lines(op(1, 0, 0, "ok", "acquire"), op(2, 1, 1, "invoke", "acquire"), op(3, 1, 1, "ok", "acquire"), op(4, 1, 1, "fail", "acquire")),
			[]string{"line 2: process 0 completes acquire without an invocation", "line 5: process 1 completes acquire without an invocation"},
		},
		"after an info": {
			lines(op(1, 0, 0, "invoke", "acquire"), op(2, 0, 0, "info", "acquire"), op(3, 0, 0, "invoke", "acquire")),
			[]string{"line 4: process 0 goes on after an info"},
		},
		"another operation": {
			lines(op(1, 0, 0, "invoke", "acquire"), op(2, 0, 0, "ok", "release")),
			[]string{"line 3: process 0 completes release, but invoked acquire"},
		},
		"another key": {
			lines(op(1, 0, 0, "invoke", "acquire")+`,"key":"a"`, op(2, 0, 0, "ok", "acquire")+`,"key":"b"`),
			[]string{"line 3: process 0 completes acquire b, but invoked acquire a"},
		},
		"two clients": {
			lines(op(1, 0, 0, "invoke", "acquire"), op(2, 0, 1, "ok", "acquire")),
			[]string{"line 3: process 0 is of client 0 and of client 1"},
		},
		"fact that is an operation": {
			lines(`"time":1,"process":"nemesis","client":-1,"type":"invoke","f":"pause"`),
			[]string{"line 2: the fact pause has type invoke, not info"},
		},
		"after the end": {
			lines(end, `"time":99,"process":"session","client":0,"type":"info","f":"expired"`),
			[]string{"line 3: expired after the end mark"},
		},
		"second beginning": {
			beginLine + strings.Replace(beginLine, `"index":0`, `"index":1`, 1),
			[]string{"line 2: a second beginning"},
		},
	} {
		h := mustRead(t, c.text)
		if d := cmp.Diff(c.want, h.Damage); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		for i, e := range h.Events {
			if e.Index != i {
				t.Errorf("%s: event %d has index %d", name, i, e.Index)
			}
		}
	}
}

func TestDamageIsBounded(t *testing.T) {
	var events []string
	for i := range 100 {
		events = append(events, op(i, i, i, "ok", "acquire"))
	}
	h := mustRead(t, lines(events...))
	if len(h.Damage) != maxDamage+1 || h.Damage[maxDamage] != "and 80 more" {
		t.Errorf("%d lines of damage, the last is %q", len(h.Damage), h.Damage[len(h.Damage)-1])
	}
}

func TestNoEndMarkIsNoDamage(t *testing.T) {
	h := mustRead(t, lines(op(1, 0, 0, "invoke", "acquire")))
	if h.Complete || h.Damage != nil {
		t.Errorf("complete %v, damage %v", h.Complete, h.Damage)
	}
	// Only the harness can mark a record as complete.
	h = mustRead(t, lines(op(1, 0, 0, "invoke", "end")))
	if h.Complete {
		t.Error("an operation called end ends the record")
	}
}
