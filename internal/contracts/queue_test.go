package contracts

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/zklab/zklab/subjects"
)

// program is a client's adapter that gives some answer to the request "make".
type program struct {
	subjects.Remote
	subjects.Object
	about  string
	offers []string
}

func (p program) Make(string, string, any, ...string) (subjects.Object, error) { return p, nil }
func (p program) About(v any) error                                            { return json.Unmarshal([]byte(p.about), v) }
func (p program) Offers(offer string) bool                                     { return slices.Contains(p.offers, offer) }

// A program that offers a bounded queue must say how much room there is: otherwise its promise could
// not be checked.
func TestRemoteQueueIsBounded(t *testing.T) {
	bounded := []string{OfferBounded}
	for _, tt := range []struct {
		offers   []string
		about    string
		capacity int
		wrong    string
	}{
		{nil, `{}`, 0, ""},
		{nil, `{"capacity":3}`, 0, ""},
		{bounded, `{"capacity":3}`, 3, ""},
		{bounded, `{}`, 0, `offers "bounded", and says no capacity of 1 or more`},
		{bounded, `{"capacity":-1}`, 0, `offers "bounded", and says no capacity of 1 or more`},
	} {
		q, err := Queues.New(&subjects.Client{Remote: program{about: tt.about, offers: tt.offers}}, "/queue", None{}, nil)
		if tt.wrong != "" {
			if err == nil || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%v %s: %v", tt.offers, tt.about, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if room := RoomIn(q); room != tt.capacity {
			t.Errorf("%v %s: %d", tt.offers, tt.about, room)
		}
	}
}
