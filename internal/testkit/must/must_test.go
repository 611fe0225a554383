package must_test

import (
	"io"
	"runtime"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// told is a test that notes what ended it.
type told struct {
	helper bool
	fatal  []any
}

func (t *told) Helper() { t.helper = true }

func (t *told) Fatal(args ...any) {
	t.fatal = args
	runtime.Goexit()
}

func TestErrorsEndTheTest(t *testing.T) {
	for name, do := range map[string]func(must.T){
		"Do":  func(t must.T) { must.Do(t, io.EOF) },
		"Get": func(t must.T) { must.Get(1, io.EOF)(t) },
	} {
		of, went := &told{}, false
		done := make(chan struct{})
		go func() {
			defer close(done)
			do(of)
			went = true
		}()
		<-done
		if went || !of.helper || len(of.fatal) != 1 || of.fatal[0] != io.EOF {
			t.Errorf("%s: went on: %v, helper: %v, %v", name, went, of.helper, of.fatal)
		}
	}
}

func TestWithoutErrorsTheTestGoesOn(t *testing.T) {
	must.Do(t, nil)
	if got := must.Get(7, nil)(t); got != 7 {
		t.Error(got)
	}
}
