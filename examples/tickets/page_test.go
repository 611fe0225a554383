// Package tickets_test checks the example of an object that a file declares, and that a program in Python serves.
package tickets_test

import (
	"os"
	"strings"
	"testing"

	"github.com/zklab/zklab/object"
)

// docs/declared-objects.md shows the declaration and the class unchanged, and the declaration has no mistake.
func TestPage(t *testing.T) {
	declared, err1 := os.ReadFile("tickets.yaml")
	code, err2 := os.ReadFile("tickets.py")
	page, err3 := os.ReadFile("../../docs/declared-objects.md")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	if _, err := object.Parse(declared); err != nil {
		t.Error(err)
	}
	_, class, ok := strings.Cut(string(code), "\nclass ")
	if !ok {
		t.Fatal("tickets.py has no class")
	}
	for what, shown := range map[string]string{
		"tickets.yaml":            "```yaml\n" + string(declared) + "```\n",
		"the class of tickets.py": "```python\nclass " + class + "```\n",
	} {
		if !strings.Contains(string(page), shown) {
			t.Errorf("docs/declared-objects.md does not show %s as it is", what)
		}
	}
}
