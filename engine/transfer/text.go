package transfer

import "unicode/utf8"

// wholeCharacters is how many bytes of a text end with a whole character; all of
// them at the end of the text.
func wholeCharacters(text []byte, end bool) int {
	if end {
		return len(text)
	}
	for back := 1; back <= utf8.UTFMax && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if utf8.FullRune(text[at:]) {
				return len(text)
			}
			return at
		}
	}
	return len(text)
}

// listOrNil is the stored form of a list that may be empty.
func listOrNil(list []string) any {
	if len(list) == 0 {
		return nil
	}
	return list
}
