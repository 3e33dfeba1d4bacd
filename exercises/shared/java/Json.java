import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads and writes JSON (RFC 8259), which Java's own library can't.
 *
 * <pre>{@code
 * Object value = Json.parse("[{\"id\": 1}]");
 * if (value instanceof List<?> list) { ... }
 * String text = Json.write(List.of(Map.of("id", 1)));
 * }</pre>
 *
 * An object is a {@code Map<String, Object>} that keeps its order, an array a {@code List<Object>}, a text a
 * {@code String}, true and false a {@code Boolean}, and {@code null} is {@code null}. A number is a {@code Long} if it
 * is an integer that fits, else a {@code BigDecimal}: so none is rounded.
 */
final class Json {
    /** The text is not JSON; the message says what is wrong, and where. */
    static final class SyntaxException extends RuntimeException {
        SyntaxException(String message) {
            super(message);
        }
    }

    /** More than anybody needs, and less than would exhaust Java's stack. */
    private static final int DEEPEST = 500;
    private static final int END = -1;

    private final String text;
    private int at;
    private int depth;

    private Json(String text) {
        this.text = text;
    }

    /**
     * The value that a text stands for.
     *
     * @throws SyntaxException if the text, as a whole, is not JSON
     */
    static Object parse(String text) {
        var json = new Json(text);
        Object value = json.value();
        if (json.next() != END) {
            throw json.unexpected("the end");
        }
        return value;
    }

    /**
     * The text for a value, in one line.
     *
     * @throws IllegalArgumentException for what JSON has no form for, such as a date or NaN
     */
    static String write(Object value) {
        var out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private Object value() {
        return switch (next()) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, Object> object() {
        var object = new LinkedHashMap<String, Object>();
        enter();
        if (next() == '}') {
            return leave(object);
        }
        while (true) {
            if (next() != '"') {
                throw unexpected("a name in quotation marks");
            }
            String name = string();
            if (next() != ':') {
                throw unexpected("a colon");
            }
            at++;
            if (object.containsKey(name)) {
                throw new SyntaxException("a second \"" + name + "\" in the same object, " + place());
            }
            object.put(name, value());
            if (next() == '}') {
                return leave(object);
            }
            if (next() != ',') {
                throw unexpected("a comma or }");
            }
            at++;
        }
    }

    private List<Object> array() {
        var array = new ArrayList<Object>();
        enter();
        if (next() == ']') {
            return leave(array);
        }
        while (true) {
            array.add(value());
            if (next() == ']') {
                return leave(array);
            }
            if (next() != ',') {
                throw unexpected("a comma or ]");
            }
            at++;
        }
    }

    private void enter() {
        if (++depth > DEEPEST) {
            throw new SyntaxException("more than " + DEEPEST + " levels, " + place());
        }
        at++;
    }

    private <T> T leave(T collection) {
        depth--;
        at++;
        return collection;
    }

    private String string() {
        at++;
        var result = new StringBuilder();
        // What has no backslash is copied in one piece.
        int begin = at;
        while (peek() != '"') {
            if (peek() < ' ') {
                throw unexpected("a text without line breaks, with a quotation mark at its end");
            }
            if (peek() == '\\') {
                result.append(text, begin, at++).append(escaped());
                begin = at;
            } else {
                at++;
            }
        }
        return result.append(text, begin, at++).toString();
    }

    /** The character for what follows a backslash. */
    private char escaped() {
        int known = "\"\\/bfnrt".indexOf(peek());
        if (known >= 0) {
            at++;
            return "\"\\/\b\f\n\r\t".charAt(known);
        }
        if (peek() != 'u') {
            throw unexpected("one of \" \\ / b f n r t u after a backslash");
        }
        at++;
        int code = 0;
        for (int end = at + 4; at < end; at++) {
            int digit = "0123456789abcdef".indexOf(Character.toLowerCase(peek()));
            if (digit < 0) {
                throw unexpected("four hexadecimal digits");
            }
            code = code * 16 + digit;
        }
        return (char) code;
    }

    private Number number() {
        int begin = at;
        skip("-");
        if (!skip("0")) {
            digits();
        }
        int integerEnd = at;
        if (skip(".")) {
            digits();
        }
        if (skip("eE")) {
            skip("+-");
            digits();
        }
        try {
            var exact = new BigDecimal(text.substring(begin, at));
            boolean isLong = at == integerEnd && exact.unscaledValue().bitLength() < Long.SIZE;
            return isLong ? (Number) exact.longValue() : exact;
        } catch (NumberFormatException tooLarge) {
            throw new SyntaxException("a number that is too large, " + place());
        }
    }

    private void digits() {
        if (!skip("0123456789")) {
            throw unexpected("a value");
        }
        while (skip("0123456789")) {
            // One after the other.
        }
    }

    private Object word(String word, Object meaning) {
        if (!text.startsWith(word, at)) {
            throw unexpected("a value");
        }
        at += word.length();
        return meaning;
    }

    /** Goes on by one character if it is one of these. */
    private boolean skip(String any) {
        if (any.indexOf(peek()) < 0) {
            return false;
        }
        at++;
        return true;
    }

    /** The next character that is no white space, without going beyond it. */
    private int next() {
        while (skip(" \t\r\n")) {
            // One after the other.
        }
        return peek();
    }

    private int peek() {
        return at < text.length() ? text.charAt(at) : END;
    }

    private SyntaxException unexpected(String expected) {
        return new SyntaxException("expected " + expected + " " + place());
    }

    private String place() {
        return at < text.length() ? "at character " + (at + 1) : "where the text ends";
    }

    private static void write(Object value, StringBuilder out) {
        if (value instanceof String string) {
            writeString(string, out);
        } else if (value instanceof Map<?, ?> map) {
            var separator = "";
            out.append('{');
            for (var entry : map.entrySet()) {
                out.append(separator);
                writeString((String) entry.getKey(), out);
                out.append(':');
                write(entry.getValue(), out);
                separator = ",";
            }
            out.append('}');
        } else if (value instanceof Iterable<?> elements) {
            var separator = "";
            out.append('[');
            for (var element : elements) {
                out.append(separator);
                write(element, out);
                separator = ",";
            }
            out.append(']');
        } else if (value == null || value instanceof Boolean || isFinite(value)) {
            out.append(value);
        } else {
            throw new IllegalArgumentException("JSON has no form for " + value.getClass().getName() + ": " + value);
        }
    }

    private static boolean isFinite(Object value) {
        return value instanceof Number number && Double.isFinite(number.doubleValue()) || value instanceof BigDecimal;
    }

    private static void writeString(String string, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < string.length(); i++) {
            char c = string.charAt(i);
            int known = "\"\\\b\f\n\r\t".indexOf(c);
            if (known >= 0) {
                out.append('\\').append("\"\\bfnrt".charAt(known));
            } else if (c < ' ' || isLoneSurrogate(string, i)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** Half of a character: UTF-8 has no bytes for it. */
    private static boolean isLoneSurrogate(String string, int i) {
        char c = string.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 == string.length() || !Character.isLowSurrogate(string.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(string.charAt(i - 1)));
    }
}
