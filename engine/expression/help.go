package expression

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Function is what people are told of a function.
type Function struct {
	Name  string
	Group string // "text", "number", "date", "rows" or "other"
	Form  string // how it is written: "round(number, digits)"
	Says  string // in a line, what it gives
	// Example can be written anywhere; "": it needs fields of a record.
	Example string
}

//go:embed functions.json
var helpFile []byte

var help = readHelp()

func readHelp() []map[string]string {
	var all []map[string]string
	if err := json.Unmarshal(helpFile, &all); err != nil {
		panic(fmt.Errorf("reading the help on functions: %w", err))
	}
	return all
}

// Functions are the functions that expressions may call, by name, in a language: "zh", else
// English.
func Functions(language string) []Function {
	if language != "zh" {
		language = "en"
	}
	all := make([]Function, len(help))
	for i, of := range help {
		all[i] = Function{of["name"], of["group"], of["form"], of[language], of["example"]}
	}
	return all
}
