// Three sets of rules: the arrows of docs/architecture.md, what every engine can run, and plain TypeScript hygiene.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const FLASHED = ['firmware/**/*.ts', 'drivers/**/*.ts', 'hal/**/*.ts'];

/** A folder may import from itself and from the folders listed; everything else of the tree is refused. */
function arrow(folder, allowed, but = []) {
  const rooms = [...allowed, folder].map((f) => f.replaceAll('/', '\\/')).join('|');
  return {
    files: [`${folder}/**/*.ts`],
    plugins: { lightwire },
    rules: { 'lightwire/arrows': ['error', { folder, rooms: `^(${rooms})(\\/|$)`, but }] },
  };
}

const lightwire = {
  rules: {
    arrows: {
      meta: {
        type: 'problem',
        messages: { no: '{{folder}} must not import {{target}}: arrows point one way.' },
        schema: [{ type: 'object' }],
      },
      create(context) {
        const { folder, rooms, but } = context.options[0];
        const file = context.filename.replaceAll('\\', '/');
        const root = `${context.cwd.replaceAll('\\', '/')}/`;
        const check = (node) => {
          const source = node.source?.value;
          if (typeof source !== 'string') return;
          const target = source.startsWith('.')
            ? new URL(source, `file://${file}`).pathname.replace(root, '')
            : source;
          if (new RegExp(rooms).test(target) || but.includes(target.replace(/\.[jt]s$/, ''))) return;
          context.report({ node, messageId: 'no', data: { folder, target } });
        };
        return {
          ImportDeclaration: check,
          ImportExpression: check,
          ExportNamedDeclaration: check,
          ExportAllDeclaration: check,
        };
      },
    },
  },
};

const GENERATORS = ':function[generator=true], YieldExpression[delegate=false]';

/** What ENGINES.md and DEVICE.md rule out for code that is flashed: selector, reason. */
const REFUSED = [
  ['ClassDeclaration, ClassExpression', 'No classes: Espruino has no hoisting for what they are lowered to.'],
  [GENERATORS, 'No generators: tasks are for services and apps.'],
  [
    'YieldExpression[delegate=true], :function[generator=true] TryStatement',
    'No yield* and no try in a task: the build has no helper for them.',
  ],
  [':function[async=true], AwaitExpression', 'No async functions: Duktape has no Promise.'],
  ['SpreadElement, RestElement', 'No spread or rest: it is lowered to a helper.'],
  ['ObjectPattern, ArrayPattern', 'No destructuring.'],
  ['ForOfStatement', 'No for-of: use an index.'],
  ['LabeledStatement', 'No labels: Espruino has none.'],
  ['SwitchCase[test=null]:not(:last-child)', 'No case after default: a syntax error on Espruino.'],
  ["Property[kind='get'], Property[kind='set']", 'No getters or setters.'],
  ['BinaryExpression[operator="**"]', 'No ** operator: it is lowered to Math.pow.'],
  ['Literal[bigint]', 'No BigInt.'],
  ['TaggedTemplateExpression', 'No tagged templates.'],
  ['ChainExpression', 'No optional chaining: write the test out, it is lowered to more than it looks.'],
  [
    'BlockStatement > FunctionDeclaration:not(:function > BlockStatement > FunctionDeclaration)',
    'No function declaration in a block.',
  ],
  [
    "AssignmentExpression[left.type='MemberExpression'][left.property.name='length']",
    'No assignment to length: it throws on Espruino.',
  ],
  [
    "MemberExpression[object.type='MemberExpression'][object.property.name='prototype']",
    'No X.prototype.m: Espruino finds methods on instances only.',
  ],
  [
    'Program > ExpressionStatement, Program > VariableDeclaration[kind!="const"], Program > ExportNamedDeclaration > VariableDeclaration[kind!="const"], Program > :matches(IfStatement, ForStatement, WhileStatement)',
    'No module-level state and no side effects at the top of a module.',
  ],
  [
    'CallExpression[callee.property.name=/^(fill|copyWithin|find|findIndex|includes|startsWith|endsWith|padStart|padEnd|repeat|flat|flatMap|at|lastIndexOf|trimStart|trimEnd|values|entries|replaceAll)$/]',
    'Not in every engine (ES5 with typed arrays; of their methods only set and subarray).',
  ],
  [
    "CallExpression[callee.object.name='Object'][callee.property.name=/^(assign|freeze|entries|values|fromEntries|setPrototypeOf|is)$/]",
    'Not in every engine.',
  ],
  [
    "MemberExpression[object.name='Math'][property.name=/^(imul|trunc|clz32|sign|log2|log10|fround|hypot|cbrt)$/]",
    'Not in every engine.',
  ],
  ["MemberExpression[object.name='ArrayBuffer'][property.name='isView']", 'Not in every engine.'],
  [
    'NewExpression[callee.name=/^(Map|Set|WeakMap|WeakSet|Proxy|Promise)$/], Identifier[name=/^(Symbol|Reflect|BigInt|globalThis)$/]',
    'Not in every engine.',
  ],
  ["CallExpression[callee.name='eval'], NewExpression[callee.name='Function']", 'No code from strings.'],
  [
    "CallExpression[callee.object.name='JSON'][callee.property.name='stringify'] Property[key.type='Identifier']",
    'Quote the keys: unquoted property names are shortened by the build.',
  ],
].map(([selector, message]) => ({ selector, message }));

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-ignore': true, 'ts-nocheck': true, 'ts-expect-error': true, 'ts-check': false },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      'eqeqeq': ['error', 'smart'],
      'no-control-regex': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.cjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs', globals: { require: 'readonly', module: 'writable' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // Programs for Kaluma as its users write them.
    files: ['test-host/programs/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: { require: 'readonly', setTimeout: 'readonly', storage: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  { files: FLASHED, rules: { 'no-restricted-syntax': ['error', ...REFUSED], 'no-loop-func': 'error' } },
  {
    // An app is the one place where something happens at the top of a module: its start.
    files: ['firmware/apps/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...REFUSED.filter((r) => r.selector !== GENERATORS && !r.selector.startsWith('Program >')),
      ],
    },
  },
  {
    files: ['firmware/services/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...REFUSED.filter((r) => r.selector !== GENERATORS)] },
  },
  arrow('firmware/stack', []),
  arrow('firmware/api', ['firmware/stack']),
  arrow('firmware/services', ['firmware/api', 'firmware/stack']),
  arrow('firmware/diagnostics', ['firmware/services', 'firmware/api', 'firmware/stack']),
  arrow('firmware/apps', ['firmware', 'drivers', 'hal']),
  arrow('drivers', ['firmware/stack/core'], ['hal/interfaces']),
  arrow('hal', []),
);
