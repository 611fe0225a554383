package storedruns

import (
	"errors"
	"strings"

	"github.com/docker/go-units"

	"github.com/zklab/zklab/internal/base/prose"
)

// size is an amount of memory, in bytes, as the value of a flag. 0 means none.
type size int64

func (s *size) Set(text string) error {
	n, err := units.RAMInBytes(text)
	if err != nil || n <= 0 {
		return errors.New("expected an amount such as 512MiB or 4GiB")
	}
	*s = size(n)
	return nil
}

func (s *size) Type() string { return "size" }

func (s *size) String() string {
	if *s == 0 {
		return ""
	}
	return strings.ReplaceAll(prose.Bytes(int64(*s)), " ", "")
}
