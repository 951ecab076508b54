// What generators need at run time. TypeScript lowers one to a function that is called for each step with the state below;
// it reads and sets `label` and reads `sent()`, and returns an instruction: 2 return, 3 go on at a label, 4 yield, and go on
// at the next label. The linter keeps firmware/ to these: no yield* and no try in a generator. Tasks know no `this`.

/** Source of the helper, ES5. The result object is the same for every step. */
export const GENERATOR = `
function __generator(self, body) {
  var value, state = { label: 0, sent: function () { return value; } }, result = { value: undefined, done: false };
  return {
    next: function (v) {
      var op;
      value = v;
      do {
        op = body(state);
        if (op[0] === 3) state.label = op[1];
      } while (op[0] === 3);
      state.label++;
      result.done = op[0] === 2;
      result.value = op[1];
      return result;
    }
  };
}
`;
