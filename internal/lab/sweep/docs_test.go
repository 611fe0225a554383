package sweep

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// docs/sweeps.md names each field of the file, and each variable of job arrays.
func TestDocs(t *testing.T) {
	b := must.Get(os.ReadFile("../../../docs/sweeps.md"))(t)
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
