package sweep

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// docs/sweeps.md names each field of the file, and each variable of job arrays.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../../../docs/sweeps.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, of := range []reflect.Type{
		reflect.TypeFor[Line](), reflect.TypeFor[Property](), reflect.TypeFor[Row](), reflect.TypeFor[entry](),
		reflect.TypeFor[Description](), reflect.TypeFor[Setting](), reflect.TypeFor[Shard](), reflect.TypeFor[Session](), reflect.TypeFor[Ended](),
	} {
		for f := range of.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "-" && !strings.Contains(page, "`"+name+"`") && !strings.Contains(page, "`"+name+"[]`") && !strings.Contains(page, `{"`+name+`": …}`) {
				t.Errorf("%s of %s is not in the guide", name, of)
			}
		}
	}
	for _, a := range arrays {
		for _, name := range []string{a.index, a.count, a.first, a.last, a.step} {
			if !strings.Contains(page, name) {
				t.Errorf("%s is not in the guide", name)
			}
		}
	}
	for _, why := range []End{AllSeeds, TimeIsUp, Enough, Interrupted} {
		if !strings.Contains(page, "`"+string(why)+"`") {
			t.Errorf("%s is not in the guide", why)
		}
	}
}
