package frame

import "github.com/zklab/zklab/history/models"

// Model is what is decided about histories of one kind of object.
type Model struct {
	Object     *models.Model
	Properties []*Property  // in the order of reports
	References []*Reference // none: only the properties decide
}
