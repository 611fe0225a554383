package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writable says why nothing can be written into the folder of a flag, which need not be there yet.
func writable(flag, folder string) error {
	there := folder
	info, err := os.Stat(there)
	for err != nil && filepath.Dir(there) != there {
		there = filepath.Dir(there)
		info, err = os.Stat(there)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", flag, folder, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s %s: %s is not a folder: choose another one", flag, folder, there)
	}
	file, err := os.CreateTemp(there, ".zklab-*")
	if named := new(fs.PathError); errors.As(err, &named) {
		err = named.Err // the path belongs to the file that nobody asked for
	}
	if err != nil {
		return fmt.Errorf("%s %s: cannot write into %s: choose another folder (%w)", flag, folder, there, err)
	}
	file.Close()
	return os.Remove(file.Name())
}
