package leftovers

import (
	"regexp"
	"strings"

	"github.com/zklab/zklab/checker/internal/evidence"
)

// relative returns a path relative to the run's root, or the path itself if it is not below it.
func relative(a *evidence.Record, path string) string {
	if path == a.Params.Root {
		return "."
	}
	return strings.TrimPrefix(path, a.Params.Root+"/")
}

func joined(folder, name string) string {
	if folder == "." {
		return name
	}
	return folder + "/" + name
}

// unique matches the parts of names that may differ from znode to znode: UUIDs, long words with
// digits, other identifiers in hexadecimal, and numbers.
var unique = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9A-Za-z]{16,}|0x[0-9a-fA-F]+|[0-9a-fA-F]{8,}|[0-9]+`)

const digits = "0123456789"

// generalise replaces the unique parts of a path by *.
func generalise(path string) string {
	return unique.ReplaceAllStringFunc(path, func(part string) string {
		word := strings.TrimRight(part, digits)
		switch {
		case word == part && !strings.ContainsAny(part, digits):
			return part
		case word != part && !strings.ContainsAny(word, digits): // a word with a number
			return word + "*"
		}
		return "*"
	})
}

// commonName returns the pattern that most of the names have, or else their common beginning.
func commonName(names []string) string {
	count := map[string]int{}
	best, prefix := "", names[0]
	for _, name := range names {
		p := generalise(name)
		if count[p]++; count[p] > count[best] {
			best = p
		}
		for !strings.HasPrefix(name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	if 2*count[best] > len(names) {
		return best
	}
	return prefix + "*"
}
