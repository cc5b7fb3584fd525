package auth

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"slices"
	"strings"
	"sync"
)

// packedCommon are the passwords that are used most; see passwords/README.md.
//
//go:embed passwords/common.txt.gz
var packedCommon []byte

// alsoCommon are what people of this program's languages and this program's users would
// think of, which the list does not have.
const alsoCommon = `1314521521 5201314520 admin12345 admin123456 administrator changeme12 changeme123 formwork12 formwork123
	formwork1234 iloveyou123 letmein1234 passw0rd12 passw0rd123 p@ssw0rd123 password12345 qwerty123456 welcome1234
	woaini1314520 woaini520520`

// commonPasswords are the folded passwords that guessers try first, sorted.
var commonPasswords = sync.OnceValue(func() []string {
	unpacked, err := gzip.NewReader(bytes.NewReader(packedCommon))
	if err != nil {
		panic(err) // embedded, and read by a test
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		panic(err)
	}
	all := append(strings.Fields(string(text)), strings.Fields(alsoCommon)...)
	slices.Sort(all)
	return slices.Compact(all)
})

// isCommon reports whether a folded password is among those that guessers try first.
func isCommon(folded string) bool {
	_, found := slices.BinarySearch(commonPasswords(), folded)
	return found
}
