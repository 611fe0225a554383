// Package must ends a test at the first error of what the test needs.
package must

// T is a test: a [testing.TB], or one of package rapid.
type T interface {
	Helper()
	Fatal(args ...any)
}

// Do ends the test if there is an error. Like [testing.TB.Fatal], it must be called from the test's own goroutine.
func Do(t T, err error) {
	if err != nil {
		t.Helper()
		t.Fatal(err)
	}
}

// Get returns a function that returns v, or ends the test as [Do] does if there is an error:
//
//	page := must.Get(os.ReadFile(path))(t)
func Get[V any](v V, err error) func(T) V {
	return func(t T) V {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
		return v
	}
}
