package packages

import (
	"embed"
	"fmt"
)

//go:embed demo/*.json
var recipes embed.FS

// Recipe reads a recipe of records for demonstrations and measurements; engine/demo
// knows its form.
func Recipe(name string) ([]byte, error) {
	raw, err := recipes.ReadFile("demo/" + name + ".json")
	if err != nil {
		return nil, fmt.Errorf("there is no recipe %q", name)
	}
	return raw, nil
}
