package usage

import (
	"strings"

	"github.com/spf13/pflag"
)

// ArgumentOf returns a flag with its value as one argument.
func ArgumentOf(flag *pflag.Flag) string {
	value := flag.Value.String()
	if list, ok := flag.Value.(pflag.SliceValue); ok {
		value = strings.Join(list.GetSlice(), ",")
	}
	return "--" + flag.Name + "=" + value
}
