import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes JSON (RFC 8259), which Java's own library does not: objects are {@code Map<String, Object>}, lists
 * {@code List<Object>}, numbers {@code BigDecimal}; {@code String}, {@code Boolean} and {@code null} are themselves.
 */
final class Json {
    private static final int MAX_DEPTH = 100;

    private final String text;
    private int at = 0;

    private Json(String text) {
        this.text = text;
    }

    /** Says what is wrong with a text, and where. */
    static final class Malformed extends Exception {
        Malformed(String message) {
            super(message);
        }
    }

    /** Reads exactly one value. Of members with the same name the last one counts. */
    static Object parse(String text) throws Malformed {
        var json = new Json(text);
        var value = json.value(0);
        json.skipSpace();
        if (json.at < text.length()) {
            throw json.malformed("the end was expected");
        }
        return value;
    }

    static String write(Object value) {
        var out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private Object value(int depth) throws Malformed {
        if (depth > MAX_DEPTH) {
            throw malformed("nested more than " + MAX_DEPTH + " deep");
        }
        skipSpace();
        return switch (peek()) {
            case '{' -> object(depth);
            case '[' -> list(depth);
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> object(int depth) throws Malformed {
        var members = new LinkedHashMap<String, Object>();
        expect('{');
        skipSpace();
        if (accept('}')) {
            return members;
        }
        do {
            skipSpace();
            var name = string();
            skipSpace();
            expect(':');
            members.put(name, value(depth + 1));
            skipSpace();
        } while (accept(','));
        expect('}');
        return members;
    }

    private List<Object> list(int depth) throws Malformed {
        var items = new ArrayList<Object>();
        expect('[');
        skipSpace();
        if (accept(']')) {
            return items;
        }
        do {
            items.add(value(depth + 1));
            skipSpace();
        } while (accept(','));
        expect(']');
        return items;
    }

    private String string() throws Malformed {
        expect('"');
        var start = at;
        while (peek() != '"' && peek() != '\\') {
            plainCharacter();
        }
        if (peek() == '"') {
            return text.substring(start, at++);
        }
        var out = new StringBuilder(text.substring(start, at));
        while (!accept('"')) {
            out.append(accept('\\') ? escaped() : plainCharacter());
        }
        return out.toString();
    }

    private char plainCharacter() throws Malformed {
        if (peek() < ' ') {
            throw malformed("a string goes on, or a control character is escaped");
        }
        return text.charAt(at++);
    }

    private char escaped() throws Malformed {
        var kind = peek();
        at++;
        return switch (kind) {
            case '"', '\\', '/' -> kind;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> {
                var code = 0;
                for (var i = 0; i < 4; i++) {
                    var digit = peek() < 128 ? Character.digit(peek(), 16) : -1;
                    if (digit < 0) {
                        throw malformed("four hexadecimal digits were expected");
                    }
                    code = code * 16 + digit;
                    at++;
                }
                yield (char) code;
            }
            default -> throw malformed("there is no such escape");
        };
    }

    private Object word(String word, Object value) throws Malformed {
        if (!text.startsWith(word, at)) {
            throw malformed(word + " was expected");
        }
        at += word.length();
        return value;
    }

    private BigDecimal number() throws Malformed {
        var start = at;
        accept('-');
        if (!accept('0')) {
            digits();
        }
        if (accept('.')) {
            digits();
        }
        if (accept('e') || accept('E')) {
            if (!accept('+')) {
                accept('-');
            }
            digits();
        }
        try {
            return new BigDecimal(text.substring(start, at));
        } catch (NumberFormatException outOfRange) {
            throw malformed("the number is too large"); // a limit that RFC 8259 allows in section 9
        }
    }

    private void digits() throws Malformed {
        var start = at;
        while (peek() >= '0' && peek() <= '9') {
            at++;
        }
        if (at == start) {
            throw malformed("a value was expected");
        }
    }

    private void skipSpace() {
        while (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r') {
            at++;
        }
    }

    private void expect(char wanted) throws Malformed {
        if (!accept(wanted)) {
            throw malformed("'" + wanted + "' was expected");
        }
    }

    private boolean accept(char wanted) {
        if (at == text.length() || text.charAt(at) != wanted) {
            return false;
        }
        at++;
        return true;
    }

    /** The next character. At the end it is one that no JSON has outside of an escape. */
    private char peek() {
        return at < text.length() ? text.charAt(at) : '\0';
    }

    private Malformed malformed(String reason) {
        return new Malformed("At character " + at + ": " + reason);
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof Map<?, ?> members) {
            var separator = '{';
            for (var member : members.entrySet()) {
                out.append(separator);
                writeString(member.getKey().toString(), out);
                out.append(':');
                write(member.getValue(), out);
                separator = ',';
            }
            out.append(members.isEmpty() ? "{}" : "}");
        } else if (value instanceof Iterable<?> items) {
            out.append('[');
            var separator = "";
            for (var item : items) {
                out.append(separator);
                write(item, out);
                separator = ",";
            }
            out.append(']');
        } else if (value instanceof String string) {
            writeString(string, out);
        } else {
            out.append(value); // a number, a boolean, null
        }
    }

    private static void writeString(String string, StringBuilder out) {
        out.append('"');
        for (var i = 0; i < string.length(); i++) {
            var character = string.charAt(i);
            if (character == '"' || character == '\\') {
                out.append('\\').append(character);
            } else if (character < ' ' || Character.isSurrogate(character)) {
                // Half of a surrogate pair can't be encoded in UTF-8; escaped it can be sent.
                out.append(String.format("\\u%04x", (int) character));
            } else {
                out.append(character);
            }
        }
        out.append('"');
    }
}
