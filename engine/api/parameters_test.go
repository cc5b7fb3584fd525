package api

import (
	"strings"
	"testing"
)

// Every query parameter that a route takes is described, with its type.
func TestParametersAreDescribed(t *testing.T) {
	seen := 0
	for _, r := range (&Server{}).routes() {
		for _, name := range strings.Fields(r.takes) {
			if parameterTypes[name] == nil || parameterTexts[name] == nil {
				t.Errorf("%s %s: parameter %s has no type or no description", r.method, r.path, name)
			}
			seen++
		}
	}
	if seen == 0 {
		t.Fatal("no route takes a parameter")
	}
}
