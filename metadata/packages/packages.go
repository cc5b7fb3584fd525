// Package packages holds the CRM as configuration: documents, and not one line
// of code that knows what they say.
package packages

import (
	"embed"
	"fmt"
	"io/fs"

	"formwork/metadata"
)

//go:embed core sales service pool
var files embed.FS

// All reads the embedded packages, those that others require first. That they
// are sound is the tests' business; a broken one panics at start.
func All() []metadata.PackageSet {
	var sets []metadata.PackageSet
	for _, name := range []string{"core", "sales", "service", "pool"} {
		folder, err := fs.Sub(files, name)
		if err != nil {
			panic(err)
		}
		set, problems := metadata.ReadPackage(folder)
		if len(problems) > 0 {
			panic(fmt.Sprintf("package %s: %v", name, problems))
		}
		sets = append(sets, set)
	}
	return sets
}
