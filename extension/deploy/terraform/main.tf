# A function with Misrule's layer, and the AppConfig that its experiments come from.

terraform {
  required_providers {
    archive = { source = "hashicorp/archive", version = "~> 2.4" }
    aws     = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "region" {
  description = "The AWS region"
  type        = string
}

provider "aws" {
  region = var.region
}

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

resource "aws_appconfig_application" "shop" {
  name = "shop"
}

resource "aws_appconfig_environment" "prod" {
  application_id = aws_appconfig_application.shop.id
  name           = "prod"
}

resource "aws_appconfig_configuration_profile" "faults" {
  application_id = aws_appconfig_application.shop.id
  name           = "faults"
  location_uri   = "hosted"
}

locals {
  layer       = "${path.module}/../../../target/layer/misrule-x86_64.zip"
  application = aws_appconfig_application.shop.id
  environment = aws_appconfig_environment.prod.environment_id
  profile     = aws_appconfig_configuration_profile.faults.configuration_profile_id
}

resource "aws_lambda_layer_version" "misrule" {
  layer_name               = "misrule"
  filename                 = local.layer
  source_code_hash         = filebase64sha256(local.layer)
  compatible_architectures = ["x86_64"]
}

data "archive_file" "checkout" {
  type        = "zip"
  output_path = "${path.module}/checkout.zip"

  source {
    filename = "index.py"
    content  = <<-PYTHON
      def handler(event, context):
          return {"statusCode": 200, "body": "paid"}
    PYTHON
  }
}

resource "aws_lambda_function" "checkout" {
  function_name    = "shop-checkout"
  role             = aws_iam_role.checkout.arn
  runtime          = "python3.13"
  architectures    = ["x86_64"]
  handler          = "index.handler"
  filename         = data.archive_file.checkout.output_path
  source_code_hash = data.archive_file.checkout.output_base64sha256
  layers           = [aws_lambda_layer_version.misrule.arn]

  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/misrule-wrapper"
      MISRULE_SOURCE          = "appconfig:${local.application}/${local.environment}/${local.profile}"
    }
  }
}

resource "aws_lambda_function_url" "checkout" {
  function_name      = aws_lambda_function.checkout.function_name
  authorization_type = "AWS_IAM"
}

resource "aws_iam_role" "checkout" {
  name = "shop-checkout"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.checkout.name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "misrule" {
  name = "misrule"
  role = aws_iam_role.checkout.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "MisruleReadsItsConfiguration"
      Effect   = "Allow"
      Action   = ["appconfig:StartConfigurationSession", "appconfig:GetLatestConfiguration"]
      Resource = "arn:${data.aws_partition.this.partition}:appconfig:${var.region}:${data.aws_caller_identity.this.account_id}:application/${local.application}/environment/${local.environment}/configuration/${local.profile}"
    }]
  })
}

output "publish_to" {
  description = "What `misrule publish --to` takes"
  value       = "${local.application}/${local.environment}/${local.profile}"
}

output "function" {
  description = "What an experiment's blast radius names"
  value       = aws_lambda_function.checkout.function_name
}

output "url" {
  description = "Where it answers HTTP"
  value       = aws_lambda_function_url.checkout.function_url
}
