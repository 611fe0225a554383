package checker

import (
	"slices"

	"github.com/zklab/zklab/history"
)

// recipeModels are those of recipes, which have objects under keys.
func recipeModels() []string {
	return slices.DeleteFunc(Models(), func(m string) bool { return m == history.ModelSession })
}
