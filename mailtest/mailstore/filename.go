package mailstore

// The names of files in a Maildir, and the flags in the names.

import (
	"runtime"
	"slices"
	"strings"
)

// infoSeparator returns the separator between the name of a message and its flags. Names of files on Windows can't
// have the usual one.
func infoSeparator() string {
	if runtime.GOOS == "windows" {
		return "!"
	}
	return ":"
}

// splitFileName returns the name of a message, which never changes, and the letters of its flags. If the text after
// the separator is not of the form "2,letters", it is part of the name.
func splitFileName(file, separator string) (name, letters string) {
	i := strings.LastIndex(file, separator+"2,")
	if i <= 0 {
		return file, ""
	}
	return file[:i], file[i+len(separator)+len("2,"):]
}

// joinFileName is the reverse of splitFileName. The letters are sorted and unique, as the format requires.
func joinFileName(name, letters, separator string) string {
	sorted := []byte(letters)
	slices.Sort(sorted)
	return name + separator + "2," + string(slices.Compact(sorted))
}

// flagLetters are the letters of flags in the names of files, in the order of the letters. P stands for "passed".
var flagLetters = [...]struct {
	letter byte
	flag   string
}{
	{'D', `\Draft`}, {'F', `\Flagged`}, {'P', "$Forwarded"}, {'R', `\Answered`}, {'S', `\Seen`}, {'T', `\Deleted`},
}

// keywordLetters is the number of letters, from "a" on, that stand for keywords.
const keywordLetters = 26

// keywords are the keywords of a mailbox, from the letter "a" on. A letter without a keyword has "".
type keywords [keywordLetters]string

// letter returns the letter of a flag.
func (k *keywords) letter(flag string) (letter byte, ok bool) {
	for _, l := range flagLetters {
		if l.flag == flag {
			return l.letter, true
		}
	}
	for i, keyword := range k {
		if strings.EqualFold(keyword, flag) {
			return 'a' + byte(i), true
		}
	}
	return 0, false
}

// respell returns canonical flags, with the keywords in the letter case of k.
func (k *keywords) respell(flags []string) []string {
	respelled := slices.Clone(flags)
	for i, flag := range flags {
		if letter, ok := k.letter(flag); ok {
			respelled[i] = k.flag(letter)
		}
	}
	slices.Sort(respelled)
	return respelled
}

// flag returns the flag of a letter, or "".
func (k *keywords) flag(letter byte) string {
	if letter >= 'a' && letter < 'a'+keywordLetters {
		return k[letter-'a']
	}
	for _, l := range flagLetters {
		if l.letter == letter {
			return l.flag
		}
	}
	return ""
}

// flags returns the flags of letters in canonical form, and the letters without a flag, which other programs may
// know.
func (k *keywords) flags(letters string) (flags []string, unknown string) {
	for i := range len(letters) {
		if flag := k.flag(letters[i]); flag != "" {
			flags = append(flags, flag)
		} else {
			unknown += letters[i : i+1]
		}
	}
	slices.Sort(flags)
	return slices.Compact(flags), unknown
}
