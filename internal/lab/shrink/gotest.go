package shrink

import (
	"bytes"
	_ "embed"
	"fmt"
	"go/format"
	"strconv"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/zklab/zklab/internal/lab/engine"
	"github.com/zklab/zklab/specimens"
	"github.com/zklab/zklab/store"
	"github.com/zklab/zklab/workloads"
)

//go:embed gotest.go.tmpl
var goTestTemplate string

var goTestFile = template.Must(template.New("gotest").Funcs(template.FuncMap{
	"duration": goDuration, "quote": strconv.Quote,
}).Parse(goTestTemplate))

// GoTest returns the source of a test, for a module that requires zklab, that runs an experiment
// and fails while a property is violated. If the subject has a name, the file is complete.
// Otherwise own is the workload in Go, for the user to complete. ok is false if there can be no
// test, because the run is not a simulation of Go code, or own is empty.
func GoTest(x store.Experiment, property, own string) (test []byte, ok bool, err error) {
	_, err = specimens.Named(x.Recipe, x.Subject)
	switch {
	case err == nil:
		own = ""
	case own == "":
		return nil, false, nil
	}
	if !x.Simulate || x.SubjectCommand != "" {
		return nil, false, nil
	}
	arrivals, err := engine.GivenArrivals(x.Arrivals)
	if err != nil {
		return nil, false, err
	}
	var b bytes.Buffer
	err = goTestFile.Execute(&b, struct {
		store.Experiment
		Name, Property string
		Own            string
		All, Played    bool
		Imports        bool // of package workloads
		Begun          []workloads.Arrival
		Seeded         int64
	}{
		x, "Test" + camel(x.Recipe) + camel(property), property, own, len(x.Arrivals) == 0, x.ClientsAs == store.Process,
		len(x.Arrivals) > 0 || strings.HasPrefix(own, "workloads."), arrivals, *x.Seed,
	})
	if err != nil {
		return nil, false, err
	}
	test, err = format.Source(b.Bytes())
	return test, true, err
}

// camel joins words in camel case: plain-reads becomes PlainReads.
func camel(words string) (out string) {
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		out += strings.ToUpper(word[:1]) + word[1:]
	}
	return out
}

// goDuration returns a time as a Go expression, in the largest unit that is exact.
func goDuration(d time.Duration) string {
	for _, unit := range []struct {
		is   time.Duration
		name string
	}{{time.Second, "Second"}, {time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"}} {
		if d%unit.is == 0 {
			return fmt.Sprintf("%d * time.%s", d/unit.is, unit.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}
